//! What a contract says can be called: its exported interface.
//!
//! Lives here: reading one, in Solidity as the SDK writes it or in JSON as compilers do. Not here: exporting it (`stylus-cargo`), arguments
//! for its functions (`generate`), functions that are no Solidity (`pieces`).

mod pieces;

use std::collections::BTreeMap;
use std::str::FromStr as _;

use alloy_json_abi::{ContractObject, Function, JsonAbi, Param, StateMutability};
use proc_macro2::{Delimiter, Ident, TokenStream, TokenTree};
use syn_solidity::{
    Expr, File, FunctionKind, Item, ItemContract, ItemError, ItemFunction, Lit, SolIdent, Type,
    VariableDeclaration, Visibility,
};

use super::CONSTRUCTOR;
use super::types::MOST_DEPTH;

/// The longest text to read, in bytes.
const MOST_BYTES: usize = 1 << 20;

/// The most tokens up to a comma, a semicolon or the end of a block, where a bracket counts with its contents as one. No declaration has
/// as many.
const MOST_TOKENS: usize = 64;

/// The most parameters of a function, counting those within structs.
const MOST_PARAMETERS: usize = 1_024;

/// Stands behind a name for which the parser would have another: Rust takes it for a letter, and Solidity has no such.
const MARK: char = '·';

/// A text that is not an interface.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum InterfaceError {
    /// The text is too long.
    #[error("it is longer than {MOST_BYTES} bytes")]
    TooLong,
    /// Brackets are nested too deep, or a declaration has too many tokens.
    #[error("its brackets are nested too deep, or a declaration does not end")]
    TooDeep,
    /// The text is not Solidity.
    #[error("it is not an interface in Solidity: {0}")]
    Solidity(String),
    /// The text is not an ABI in JSON.
    #[error("it is not an ABI in JSON: {0}")]
    Json(String),
    /// It declares nothing callable.
    #[error("it declares nothing that can be called")]
    Nothing,
}

/// The interface of a contract.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Interface {
    /// Its functions, in the order of declaration, each once.
    pub functions: Vec<Declared>,
    /// Its constructor, under the SDK's name for it.
    pub constructor: Option<Declared>,
    /// Whether it accepts a transaction without calldata.
    pub receive: bool,
    /// Whether it accepts calldata that matches none of its functions.
    pub fallback: bool,
    /// Interfaces that it inherits but does not include.
    pub absent: Vec<String>,
    /// The signatures of the errors that it declares.
    pub errors: Vec<String>,
}

/// A declaration.
#[derive(Clone, PartialEq, Debug)]
pub struct Declared {
    /// The signature as written, with the type names it uses.
    pub signature: String,
    /// The resolved function, or why it cannot be resolved.
    pub function: Result<Function, String>,
}

impl Interface {
    /// Reads an interface: a JSON ABI, alone or in a compiler's artifact, or Solidity.
    ///
    /// # Errors
    /// If the text is neither, or declares nothing callable.
    pub fn read(text: &str) -> Result<Self, InterfaceError> {
        let text = text.trim();
        if text.len() > MOST_BYTES {
            return Err(InterfaceError::TooLong);
        }
        if text.is_empty() {
            return Err(InterfaceError::Nothing);
        }
        let mut interface = match text.starts_with(['[', '{']) {
            true => of_json(text)?,
            false => of_solidity(text)?,
        };
        interface.keep_each_once();
        let says_something = !interface.functions.is_empty()
            || interface.constructor.is_some()
            || interface.receive
            || interface.fallback
            || !interface.absent.is_empty()
            || !interface.errors.is_empty();
        match says_something {
            true => Ok(interface),
            false => Err(InterfaceError::Nothing),
        }
    }

    /// Reads what the SDK prints for a constructor, which is empty if there is none.
    pub fn constructor_of(text: &str) -> Option<Declared> {
        // Before 0.8, the SDK has no constructors and prints its interface whatever it is asked.
        let text = text.trim();
        let declaration = text.strip_prefix("constructor")?;
        let text = format!("interface I {{ constructor{declaration}; }}");
        let read = Self::read(&text).ok().and_then(|it| it.constructor);
        read.or_else(|| {
            Some(Declared {
                signature: format!("constructor{declaration}"),
                function: Err("it cannot be read".to_owned()),
            })
        })
    }

    /// An interface can repeat a function that it inherits.
    fn keep_each_once(&mut self) {
        let mut seen = std::collections::BTreeSet::new();
        self.functions.retain(|it| {
            let key = it.function.as_ref().map(Function::selector);
            seen.insert(key.map_err(|reason| (it.signature.clone(), reason.clone())))
        });
    }
}

fn of_json(text: &str) -> Result<Interface, InterfaceError> {
    let refuse = |error: serde_json::Error| InterfaceError::Json(error.to_string());
    let abi: JsonAbi = if text.starts_with('[') {
        serde_json::from_str(text).map_err(refuse)?
    } else {
        let object: ContractObject = serde_json::from_str(text).map_err(refuse)?;
        object
            .abi
            .ok_or_else(|| InterfaceError::Json("it has no key `abi`".to_owned()))?
    };
    let declared = |function: &Function| Declared {
        signature: function.signature(),
        function: Ok(function.clone()),
    };
    Ok(Interface {
        functions: abi.functions().map(declared).collect(),
        constructor: abi.constructor.as_ref().map(|constructor| {
            declared(&Function {
                name: CONSTRUCTOR.to_owned(),
                inputs: constructor.inputs.clone(),
                outputs: Vec::new(),
                state_mutability: constructor.state_mutability,
            })
        }),
        receive: abi.receive.is_some(),
        fallback: abi.fallback.is_some(),
        absent: Vec::new(),
        errors: abi.errors().map(alloy_json_abi::Error::signature).collect(),
    })
}

fn of_solidity(text: &str) -> Result<Interface, InterfaceError> {
    let refuse = |error: proc_macro2::LexError| InterfaceError::Solidity(error.to_string());
    let tokens = TokenStream::from_str(text).map_err(refuse)?;
    let (file, unread) = pieces::read(text, declarations(tokens, 0)?)?;
    let mut names = Names::of(&file);
    let mut interface = Interface::default();
    for item in &file.items {
        let Item::Contract(contract) = item else {
            interface.add(item, &names);
            continue;
        };
        names.enter(contract);
        for item in &contract.body {
            interface.add(item, &names);
        }
        names.own.clear();
        let bases = contract.inheritance.iter().flat_map(|it| &it.inheritance);
        let bases = bases.map(|base| plain(base.name.last()));
        interface
            .absent
            .extend(bases.filter(|base| !names.has(base)));
    }
    interface.functions.extend(unread);
    interface.absent.sort();
    interface.absent.dedup();
    Ok(interface)
}

/// The tokens without comments, which the lexer turns into attributes. Refuses deep brackets and endless declarations: a parser recurses
/// as deep as its text.
fn declarations(tokens: TokenStream, depth: usize) -> Result<TokenStream, InterfaceError> {
    if depth > MOST_DEPTH {
        return Err(InterfaceError::TooDeep);
    }
    let mut kept: Vec<TokenTree> = Vec::new();
    let mut length = 0;
    for tree in tokens {
        length += 1;
        if length > MOST_TOKENS {
            return Err(InterfaceError::TooDeep);
        }
        match tree {
            TokenTree::Group(group) => {
                if group.delimiter() == Delimiter::Bracket && is_comment(&kept, &group) {
                    while matches!(kept.last(), Some(TokenTree::Punct(it)) if "#!".contains(it.as_char()))
                    {
                        kept.pop();
                    }
                    continue;
                }
                if group.delimiter() == Delimiter::Brace {
                    length = 0;
                }
                let inner = declarations(group.stream(), depth + 1)?;
                kept.push(proc_macro2::Group::new(group.delimiter(), inner).into());
            }
            TokenTree::Ident(it) if it == "self" || it == "Self" => {
                kept.push(Ident::new(&format!("{it}{MARK}"), it.span()).into());
            }
            tree => {
                if matches!(&tree, TokenTree::Punct(it) if ",;".contains(it.as_char())) {
                    length = 0;
                }
                kept.push(tree);
            }
        }
    }
    Ok(kept.into_iter().collect())
}

/// A name as Solidity has it. The parser writes Rust's keywords as `r#move`, and would have another word in place of `self`.
fn plain(name: &SolIdent) -> String {
    name.as_string().trim_end_matches(MARK).to_owned()
}

/// Whether a pair of brackets is that of a comment: `#[doc = "…"]`.
fn is_comment(before: &[TokenTree], group: &proc_macro2::Group) -> bool {
    let is_attribute =
        matches!(before.last(), Some(TokenTree::Punct(it)) if "#!".contains(it.as_char()));
    is_attribute
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(it)) if it == "doc")
}

impl Interface {
    fn add(&mut self, item: &Item, names: &Names<'_>) {
        let getter;
        let function = match item {
            Item::Function(function) if is_outside(function.attributes.visibility()) => function,
            Item::Variable(variable) if variable.attributes.has_public() => {
                getter = ItemFunction::from_variable_definition(variable.clone());
                &getter
            }
            Item::Error(error) => {
                self.errors.extend(names.error(error));
                return;
            }
            _ => return,
        };
        match function.kind {
            FunctionKind::Function(_) => self.functions.push(names.declared(function)),
            FunctionKind::Constructor(_) => self.constructor = Some(names.declared(function)),
            FunctionKind::Receive(_) => self.receive = true,
            FunctionKind::Fallback(_) => self.fallback = true,
            FunctionKind::Modifier(_) => {}
        }
    }
}

/// Whether a function of this visibility is one that others can call.
const fn is_outside(visibility: Option<Visibility>) -> bool {
    !matches!(
        visibility,
        Some(Visibility::Internal(_) | Visibility::Private(_))
    )
}

/// The names that an interface defines.
#[derive(Default)]
struct Names<'a> {
    all: BTreeMap<String, Named<'a>>,
    /// The names of the interface being read: another can have a type of the same name.
    own: BTreeMap<String, Named<'a>>,
}

enum Named<'a> {
    Struct(Vec<&'a VariableDeclaration>),
    Value(&'a Type),
    Enum,
    Contract,
}

impl<'a> Named<'a> {
    fn of(item: &'a Item) -> Option<(String, Self)> {
        let (name, named) = match item {
            Item::Struct(item) => (&item.name, Self::Struct(item.fields.iter().collect())),
            Item::Udt(item) => (&item.name, Self::Value(&item.ty)),
            Item::Enum(item) => (&item.name, Self::Enum),
            Item::Contract(item) => (&item.name, Self::Contract),
            _ => return None,
        };
        Some((plain(name), named))
    }
}

impl<'a> Names<'a> {
    fn of(file: &'a File) -> Self {
        let mut names = Self::default();
        for item in &file.items {
            names.all.extend(Named::of(item));
            if let Item::Contract(contract) = item {
                names.all.extend(contract.body.iter().filter_map(Named::of));
            }
        }
        names
    }

    /// Switches to the functions of an interface.
    fn enter(&mut self, contract: &'a ItemContract) {
        self.own = contract.body.iter().filter_map(Named::of).collect();
    }

    fn has(&self, name: &str) -> bool {
        self.all.contains_key(name)
    }

    fn get(&self, name: &str) -> Option<&Named<'a>> {
        self.own.get(name).or_else(|| self.all.get(name))
    }

    fn declared(&self, item: &ItemFunction) -> Declared {
        let is_constructor = matches!(item.kind, FunctionKind::Constructor(_));
        let name = match &item.name {
            Some(name) if !is_constructor => plain(name),
            _ => CONSTRUCTOR.to_owned(),
        };
        let mut left = MOST_PARAMETERS;
        let params = |list: &syn_solidity::ParameterList, left: &mut usize| {
            let params = list.iter().map(|it| self.param(it, 0, left));
            params.collect::<Result<Vec<_>, String>>()
        };
        let is_nameless = item.name.is_none() && !is_constructor;
        let inputs = match is_nameless {
            true => Err("it has no name".to_owned()),
            false => params(&item.parameters, &mut left),
        };
        let function = inputs.map(|inputs| Function {
            name: name.clone(),
            inputs,
            // The output is shown in hexadecimal if its type is unknown.
            outputs: item
                .returns
                .as_ref()
                .and_then(|it| params(&it.returns, &mut left).ok())
                .unwrap_or_default(),
            state_mutability: mutability(item),
        });
        let types: Vec<_> = item.parameters.types().map(Type::to_string).collect();
        let signature = match &function {
            Ok(function) if !is_constructor => function.signature(),
            _ if is_constructor => format!("constructor({})", types.join(",")),
            _ if is_nameless => format!("function ({})", types.join(",")),
            _ => format!("{name}({})", types.join(",")),
        };
        Declared {
            signature,
            function,
        }
    }

    /// The signature of an error, if its types are known.
    fn error(&self, item: &ItemError) -> Option<String> {
        let mut left = MOST_PARAMETERS;
        let inputs = item
            .parameters
            .iter()
            .map(|it| self.param(it, 0, &mut left))
            .collect::<Result<Vec<_>, String>>();
        let error = alloy_json_abi::Error {
            name: plain(&item.name),
            inputs: inputs.ok()?,
        };
        Some(error.signature())
    }

    /// Resolves the names in a parameter's type. `left` is how many more parameters there can be.
    fn param(
        &self,
        declared: &VariableDeclaration,
        depth: usize,
        left: &mut usize,
    ) -> Result<Param, String> {
        let (ty, components) = self.ty(&declared.ty, depth, left)?;
        Ok(Param {
            ty,
            name: declared.name.as_ref().map(plain).unwrap_or_default(),
            components,
            internal_type: None,
        })
    }

    fn ty(
        &self,
        ty: &Type,
        depth: usize,
        left: &mut usize,
    ) -> Result<(String, Vec<Param>), String> {
        *left = left
            .checked_sub(1)
            .filter(|_| depth <= MOST_DEPTH)
            .ok_or("its types are nested too deep, or have too many parts")?;
        let unnamed = |ty: Type| VariableDeclaration::new(ty);
        match ty {
            Type::Uint(_, None) => Ok(("uint256".to_owned(), Vec::new())),
            Type::Int(_, None) => Ok(("int256".to_owned(), Vec::new())),
            Type::Array(array) => {
                let (inner, components) = self.ty(&array.ty, depth + 1, left)?;
                let size = match array.size.as_deref() {
                    None => String::new(),
                    Some(Expr::Lit(Lit::Number(number))) => number.base10_digits().to_owned(),
                    Some(_) => return Err(format!("the length of `{inner}[…]` is not a number")),
                };
                Ok((format!("{inner}[{size}]"), components))
            }
            Type::Tuple(tuple) => {
                let fields = tuple.types.iter().cloned().map(unnamed);
                let fields = fields.map(|field| self.param(&field, depth + 1, left));
                Ok(("tuple".to_owned(), fields.collect::<Result<_, _>>()?))
            }
            Type::Custom(path) => {
                let name = plain(path.last());
                match self.get(&name) {
                    Some(Named::Struct(fields)) => {
                        let fields = fields
                            .iter()
                            .map(|field| self.param(field, depth + 1, left));
                        Ok(("tuple".to_owned(), fields.collect::<Result<_, _>>()?))
                    }
                    Some(Named::Value(ty)) => self.ty(ty, depth + 1, left),
                    Some(Named::Enum) => Ok(("uint8".to_owned(), Vec::new())),
                    Some(Named::Contract) => Ok(("address".to_owned(), Vec::new())),
                    None => Err(format!(
                        "the exported ABI does not say what `{path}` is; call it in a plan, with structs as tuples"
                    )),
                }
            }
            Type::Mapping(_) => Err("a mapping cannot be passed".to_owned()),
            known => Ok((known.to_string(), Vec::new())),
        }
    }
}

fn mutability(item: &ItemFunction) -> StateMutability {
    use syn_solidity::Mutability;
    match item.attributes.mutability() {
        Some(Mutability::Pure(_)) => StateMutability::Pure,
        Some(Mutability::View(_) | Mutability::Constant(_)) => StateMutability::View,
        Some(Mutability::Payable(_)) => StateMutability::Payable,
        None => StateMutability::NonPayable,
    }
}

#[cfg(test)]
mod tests;
