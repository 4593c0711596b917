//! The page at `/`: the endpoints and what is there.

use std::fmt::Write;

use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response};

use super::tally::Tally;
use crate::Handler;
use crate::body::Body;

const PAGE: &str = include_str!("index.html");

pub(crate) async fn respond(title: &str, endpoints: &[(String, Handler)]) -> Response<Body> {
    let mut main = String::new();
    for (path, handler) in endpoints {
        push_endpoint(&mut main, path, handler.collect_with(|collector| Tally::of(collector)).await.as_ref());
    }
    if endpoints.is_empty() {
        main.push_str("<p class=\"empty\">There are no endpoints.</p>\n");
    }
    let (before, after) = PAGE.split_once("{main}").unwrap_or((PAGE, ""));
    let mut title_text = String::new();
    push_escaped(&mut title_text, title);
    let page = [&before.replace("{title}", &title_text), &main, after].concat();
    head().map(|_| Body::whole(page))
}

/// The response without its body.
pub(crate) fn head() -> Response<Body> {
    let mut response = Response::new(Body::default());
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// An endpoint and its families; `None` where they could not be collected in time.
fn push_endpoint(out: &mut String, path: &str, tally: Option<&Tally>) {
    out.push_str("<section>\n<header><h2><a href=\"");
    push_escaped(out, path);
    out.push_str("\">");
    push_escaped(out, path);
    out.push_str("</a></h2>");
    let Some(tally) = tally else {
        out.push_str("<p>Its metrics were not collected in time.</p></header>\n</section>\n");
        return;
    };
    let families = tally.families();
    let series = families.iter().map(|family| family.series).sum();
    out.push_str("<p>");
    push_count(out, families.len(), "family", "families");
    out.push_str(", ");
    push_count(out, series, "series", "series");
    out.push_str("</p></header>\n");
    if !families.is_empty() {
        out.push_str(
            "<table>\n<thead><tr><th>Name<th>Type<th class=\"number\">Series<th>Help</thead>\n<tbody>\n",
        );
        for family in families {
            out.push_str("<tr><td>");
            push_escaped(out, &family.name);
            // The name of a type is a word of letters.
            let _ = write!(out, "<td class=\"type {0}\">{0}", family.metric_type);
            let _ = write!(out, "<td class=\"number\">{}<td class=\"help\">", family.series);
            push_escaped(out, &family.help);
            out.push('\n');
        }
        out.push_str("</tbody>\n</table>\n");
    }
    out.push_str("</section>\n");
}

fn push_count(out: &mut String, count: usize, one: &str, several: &str) {
    let _ = write!(out, "{count} {}", if count == 1 { one } else { several });
}

/// Text for HTML, also within an attribute.
fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_a_program_says_is_html() {
        let mut out = String::new();
        push_escaped(&mut out, "<script>alert(\"a\" & 'b')</script>");
        assert_eq!(out, "&lt;script&gt;alert(&quot;a&quot; &amp; &#39;b&#39;)&lt;/script&gt;");
    }

    #[test]
    fn the_page_has_its_two_places() {
        assert_eq!(PAGE.matches("{main}").count(), 1);
        assert_eq!(PAGE.split_once("{main}").unwrap().0.matches("{title}").count(), 2);
    }
}
