//! `sort` and `rank`.

use super::table::Column;
use crate::model::{Before, RankMethod, Standing, Value};
use rayon::prelude::*;
use std::cmp::Ordering;

/// The rows in order: by each column in turn, descending where told so, missing values last either way, ties in the
/// order in which they came.
pub fn sorted(rows: usize, columns: &[(Column<'_>, bool)]) -> Vec<u32> {
    let mut order: Vec<u32> = (0_u32..).take(rows).collect();
    if !columns.is_empty() {
        order.par_sort_by(|a, b| {
            let compare = |(column, descending): &(Column<'_>, bool)| {
                by_value(column[*a as usize].as_deref(), column[*b as usize].as_deref(), *descending)
            };
            columns.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
        });
    }
    order
}

/// The standing of each row of `order` by `column`: the greatest value first if `descending`.
pub fn ranked(order: &[u32], column: &Column<'_>, descending: bool, method: RankMethod) -> Vec<Standing> {
    let value = |position: u32| column[order[position as usize] as usize].as_deref();
    let mut best_first: Vec<u32> = (0_u32..).take(order.len()).collect();
    best_first.par_sort_by(|a, b| by_value(value(*a), value(*b), descending));
    let mut standings = vec![Standing { rank: 0, position: 0, tied: false, before: Before::Untold }; order.len()];
    let (mut start, mut classes) = (0, 0);
    while start < best_first.len() {
        let equal = |position: &&u32| by_value(value(best_first[start]), value(**position), descending).is_eq();
        let size = best_first[start..].iter().take_while(equal).count();
        classes += 1;
        for (offset, &position) in best_first[start..start + size].iter().enumerate() {
            let rank = match method {
                RankMethod::Competition => start + 1,
                RankMethod::Dense => classes,
                RankMethod::Ordinal => start + offset + 1,
            };
            let position = position as usize;
            standings[position] = Standing { rank, position: position + 1, tied: size > 1, before: Before::Untold };
        }
        start += size;
    }
    standings
}

fn by_value(a: Option<&Value>, b: Option<&Value>, descending: bool) -> Ordering {
    match (a, b) {
        (Some(a), Some(b)) if descending => b.compare(a),
        (Some(a), Some(b)) => a.compare(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Number;
    use proptest::prelude::*;
    use std::borrow::Cow;

    fn column(values: &[Option<i64>]) -> Column<'static> {
        values.iter().map(|v| v.map(|v| Cow::Owned(Value::Number(Number::Int(v))))).collect()
    }

    fn ranks(method: RankMethod) -> Vec<(usize, usize, bool)> {
        let column = column(&[Some(5), None, Some(9), Some(5), Some(1)]);
        let order = sorted(5, &[(column.clone(), true)]);
        assert_eq!(order, [2, 0, 3, 4, 1]);
        ranked(&order, &column, true, method).iter().map(|s| (s.rank, s.position, s.tied)).collect()
    }

    #[test]
    fn the_three_methods() {
        let f = false;
        assert_eq!(ranks(RankMethod::Competition), [(1, 1, f), (2, 2, true), (2, 3, true), (4, 4, f), (5, 5, f)]);
        assert_eq!(ranks(RankMethod::Dense), [(1, 1, f), (2, 2, true), (2, 3, true), (3, 4, f), (4, 5, f)]);
        assert_eq!(ranks(RankMethod::Ordinal), [(1, 1, f), (2, 2, true), (3, 3, true), (4, 4, f), (5, 5, f)]);
    }

    #[test]
    fn missing_is_last_in_both_directions() {
        let column = column(&[None, Some(1), Some(2)]);
        assert_eq!(sorted(3, &[(column.clone(), false)]), [1, 2, 0]);
        assert_eq!(sorted(3, &[(column, true)]), [2, 1, 0]);
    }

    proptest! {
        /// A competition rank is one more than the number of rows that are strictly better.
        #[test]
        fn ranks_agree_with_counting(values in proptest::collection::vec(proptest::option::of(0_i64..6), 0..40)) {
            let column = column(&values);
            let order = sorted(values.len(), &[(column.clone(), true)]);
            for (position, standing) in ranked(&order, &column, true, RankMethod::Competition).iter().enumerate() {
                let own = values[order[position] as usize];
                prop_assert_eq!(standing.rank, values.iter().filter(|v| **v > own).count() + 1);
                prop_assert_eq!(standing.tied, values.iter().filter(|v| **v == own).count() > 1);
                prop_assert_eq!(standing.position, position + 1);
            }
        }
    }
}
