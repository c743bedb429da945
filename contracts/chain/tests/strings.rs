//! Strings that are made of other strings.

use alloy_sol_types::sol;
use stylus_devnet::testing::*;

sol! {
    interface Strings {
        function join(string[] words, string between) external view returns (string);
        function split(string text, string at) external view returns (string[]);
        function count(uint16 count) external view returns (string);
        function decimal(uint256 number) external view returns (string);
    }
}

use Strings::*;

#[test]
fn what_is_joined_is_split() {
    let chain = Chain::new();
    let strings = chain.deploy(build!("../strings"));
    let words: Vec<String> = ["many", "small", "", "größer"].map(String::from).into();
    let joined = strings.send(joinCall {
        words: words.clone(),
        between: ", ".into(),
    });
    assert_gas!(joined, "join, 4 words");
    let text = joined.returned;
    assert_eq!(text, "many, small, , größer");
    let split = strings.send(splitCall {
        text,
        at: ", ".into(),
    });
    assert_gas!(split, "split, 4 words");
    assert_eq!(split.returned, words);
    let counted = strings.send(countCall { count: 10 });
    assert_gas!(counted, "count, to 10");
    assert!(counted.returned.ends_with("9 is 0x9; "));
    let number = U256::from(1_234_567);
    assert_eq!(strings.call(decimalCall { number }), "1,234,567");
}
