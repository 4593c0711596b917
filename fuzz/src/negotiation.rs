use rutheus::Format;

/// Any `Accept` is answered with a format, whose content type asks for it again.
pub fn negotiation(data: &[u8]) {
    let accept = String::from_utf8_lossy(data);
    let format = Format::negotiate(&accept);
    assert_eq!(Format::negotiate(&accept), format);
    let content_type = format.content_type();
    assert!(content_type.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()), "{content_type:?}");
    assert_eq!(Format::negotiate(content_type).content_type(), content_type, "{accept:?}");
    // What a reader likes less does not change what it gets.
    let with_less = format!("{content_type};q=1.0,{}", "text/html;q=0.1");
    assert_eq!(Format::negotiate(&with_less).content_type(), content_type);
}
