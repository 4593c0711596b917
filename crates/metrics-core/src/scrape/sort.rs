use core::cmp::Ordering;

/// Sorts a list of a length that a line can have, equal ones staying in order: the sort of the
/// standard library is several KiB of code, in the smallest program too.
pub(super) fn sort_few<T>(list: &mut [T], compare: impl Fn(&T, &T) -> Ordering) {
    for end in 1..list.len() {
        let mut at = end;
        while at > 0 && compare(&list[at - 1], &list[at]) == Ordering::Greater {
            list.swap(at - 1, at);
            at -= 1;
        }
    }
}
