/// The names asked for by `name[]` in the query of a request: the page is made of these families only. As
/// many as fit into the head of a request.
pub(crate) fn names(query: Option<&str>) -> Vec<String> {
    let pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    pairs.filter(|(key, _)| key == "name[]").map(|(_, name)| name.into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_plain_and_encoded_queries() {
        assert!(names(None).is_empty());
        assert!(names(Some("a=b&name=c")).is_empty());
        let query = "name[]=up&x=1&name%5B%5D=jobs%5Ftotal&name[]=a+b&name[]=%ff";
        assert_eq!(names(Some(query)), ["up", "jobs_total", "a b", "\u{fffd}"]);
    }
}
