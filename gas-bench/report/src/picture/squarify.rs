//! Divides a rectangle by weights into parts as square as possible (Bruls, Huizing and van Wijk, "Squarified Treemaps", 2000).
//!
//! Lives here: integer geometry. Not here: what is drawn (`treemap`).
//!
//! Theorem: the parts are disjoint and cover the rectangle, and within a row or column each is as long as its share, to less than a unit.

/// A rectangle, by its corner and its sides.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Rectangle {
    pub(super) x: u32,
    pub(super) y: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Rectangle {
    pub(super) const fn is_empty(self) -> bool {
        self.width == 0 || self.height == 0
    }

    const fn is_wide(self) -> bool {
        self.width >= self.height
    }

    /// The first `length` of it along its longer side, and the rest.
    fn cut(self, length: u32) -> (Self, Self) {
        let (mut first, mut rest) = (self, self);
        if self.is_wide() {
            first.width = length.min(self.width);
            rest.x += first.width;
            rest.width -= first.width;
        } else {
            first.height = length.min(self.height);
            rest.y += first.height;
            rest.height -= first.height;
        }
        (first, rest)
    }
}

/// A part of `area` for each of `weights`, which are best given in descending order. The part of a weight that is too small is empty.
pub(super) fn squarified(weights: &[u64], area: Rectangle) -> Vec<Rectangle> {
    let mut parts = Vec::with_capacity(weights.len());
    let mut left = area;
    let mut rest = weights;
    while !rest.is_empty() {
        let all = total(rest);
        let (row, others) = rest.split_at(row(rest, all, left));
        let longer = left.width.max(left.height);
        let (strip, after) = left.cut(portion(longer, total(row), all));
        parts.extend(divided(row, strip, left.is_wide()));
        (left, rest) = (after, others);
    }
    parts
}

/// How many of `weights` to put beside each other on the shorter side of `area`: as many as do not worsen the worst ratio.
fn row(weights: &[u64], all: u128, area: Rectangle) -> usize {
    let side = f64::from(area.width.min(area.height));
    let pixels = f64::from(area.width) * f64::from(area.height);
    let scale = pixels / approximate(all.max(1));
    let mut worst = f64::INFINITY;
    let mut sum = 0;
    for (count, &weight) in weights.iter().enumerate() {
        sum += u128::from(weight);
        let length = approximate(sum) * scale;
        let thickness = length / side;
        // The first is the largest, the last the smallest.
        let ratios = [weights.first(), Some(&weight)].map(|it| {
            let along = approximate(it.copied().unwrap_or(0).into()) * scale / thickness;
            (along / thickness).max(thickness / along)
        });
        let [first, last] = ratios;
        let ratio = first.max(last);
        // Not a number if there is no room or no weight: then all the rest forms one row.
        if ratio > worst {
            return count;
        }
        worst = ratio;
    }
    weights.len()
}

/// `strip` divided by `weights`, from top to bottom if `stands`.
fn divided(weights: &[u64], strip: Rectangle, stands: bool) -> Vec<Rectangle> {
    let all = total(weights);
    let length = if stands { strip.height } else { strip.width };
    let mut sum = 0;
    let mut start = 0;
    let mut parts = Vec::with_capacity(weights.len());
    for &weight in weights {
        sum += u128::from(weight);
        let end = portion(length, sum, all);
        let mut part = strip;
        if stands {
            part.y += start;
            part.height = end - start;
        } else {
            part.x += start;
            part.width = end - start;
        }
        parts.push(part);
        start = end;
    }
    parts
}

/// The portion of `length` for `part` of `all`, rounded; all of it if `all` is zero.
fn portion(length: u32, part: u128, all: u128) -> u32 {
    let rounded = (u128::from(length) * part + all / 2).checked_div(all);
    rounded
        .and_then(|portion| u32::try_from(portion).ok())
        .map_or(length, |portion| portion.min(length))
}

fn total(weights: &[u64]) -> u128 {
    weights.iter().copied().map(u128::from).sum()
}

#[expect(clippy::cast_precision_loss, reason = "it is only compared")]
fn approximate(sum: u128) -> f64 {
    sum as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const AREA: Rectangle = Rectangle {
        x: 3,
        y: 5,
        width: 60,
        height: 40,
    };

    /// Checks the theorem above by painting every unit once.
    fn check(weights: &[u64]) -> Vec<Rectangle> {
        let parts = squarified(weights, AREA);
        assert_eq!(parts.len(), weights.len());
        let mut painted = vec![0; (AREA.width * AREA.height) as usize];
        for part in &parts {
            for y in part.y..part.y + part.height {
                for x in part.x..part.x + part.width {
                    painted[((y - AREA.y) * AREA.width + x - AREA.x) as usize] += 1;
                }
            }
        }
        if !weights.is_empty() {
            assert!(painted.iter().all(|&times| times == 1), "{weights:?}");
        }
        parts
    }

    #[test]
    fn parts_cover_the_area_once() {
        for weights in [
            &[][..],
            &[1],
            &[0],
            &[0, 0],
            &[1, 0],
            &[6, 6, 4, 3, 2, 2, 1],
            &[1, 2, 3, 4, 5, 6],
            &[100_000, 1, 1, 1, 1],
            &[u64::MAX, u64::MAX, 1],
            &[7; 100],
            &[1; 5_000],
        ] {
            check(weights);
        }
    }

    #[test]
    fn parts_are_as_large_as_their_weights_and_nearly_square() {
        // The paper's example, ten times as long and wide.
        let parts = check(&[6, 6, 4, 3, 2, 2, 1]);
        let areas: Vec<_> = parts.iter().map(|it| it.width * it.height).collect();
        for (area, weight) in areas.iter().zip([600_u32, 600, 400, 300, 200, 200, 100]) {
            assert!(area.abs_diff(weight) <= 20, "{areas:?}");
        }
        assert_eq!((parts[0].width, parts[0].height), (30, 20));
        assert_eq!((parts[1].width, parts[1].height), (30, 20));
        for Rectangle { width, height, .. } in parts {
            assert!(width <= 3 * height && height <= 3 * width, "{areas:?}");
        }
    }
}
