//! What a shop's edge sees on an ordinary day: the WAF's work. All of it benign; some of it different each time.

use crate::messages::{Request, Response};
use crate::prose::{self, Numbers};

/// A browser's GET with ten header fields and three query arguments.
pub fn browse() -> Request {
    browser(
        "GET",
        "/products/shoes?category=running&size=42&order=price%20ascending".to_owned(),
        None,
        Vec::new(),
    )
}

/// A browser's GET of [`page`].
pub fn browse_page() -> Request {
    Request { path: format!("{PAGE}?category=running&size=42&view=full"), ..browse() }
}

/// A browser's GET of [`page`] in gzip.
pub fn browse_page_gzip() -> Request {
    Request { path: format!("{PAGE_GZIP}?category=running&size=42&view=full"), ..browse() }
}

/// The path of [`page`].
pub const PAGE: &str = "/magazine";
/// The path of [`page`] in gzip.
pub const PAGE_GZIP: &str = "/compressed-magazine";

/// A POST of 2 KB JSON: an order with its items, each with options and an address.
pub fn order() -> Request {
    let mut numbers = Numbers::new(1);
    let mut items = String::new();
    while items.len() < 1600 {
        let comma = if items.is_empty() { "" } else { "," };
        let (sku, amount, price) =
            (10_000 + numbers.below(90_000), 1 + numbers.below(4), 5 + numbers.below(200));
        let (name, colour) =
            (prose::words(&mut numbers, 2), numbers.pick(&["blue", "dark green", "red", "grey"]));
        items.push_str(&format!(
            "{comma}{{\"sku\":\"AB-{sku}\",\"name\":\"{name}\",\"amount\":{amount},\"price\":{{\"value\":{price}.90,\
             \"currency\":\"EUR\"}},\"options\":{{\"colour\":\"{colour}\",\"gift\":{},\"engraving\":null}}}}",
            amount == 1
        ));
    }
    let body = format!(
        "{{\"order\":{{\"id\":\"2026-004711\",\"customer\":{{\"name\":\"Ada Lovelace\",\"email\":\"ada@shop.example\",\
         \"addresses\":[{{\"kind\":\"billing\",\"street\":\"12 St James Square\",\"city\":\"London\",\"zip\":\"SW1Y 4JH\"}},\
         {{\"kind\":\"delivery\",\"street\":\"Ockham Park\",\"city\":\"Ockham\",\"zip\":\"GU23 6NP\"}}]}},\
         \"items\":[{items}],\"note\":\"please ring twice\",\"newsletter\":false}}}}"
    );
    browser("POST", "/orders?source=shop&lang=en&page=2".to_owned(), Some(JSON), body.into_bytes())
}

/// A POST of a 20 KB form with 40 text fields of plain words.
pub fn text_form() -> Request {
    let mut numbers = Numbers::new(2);
    let field = |n: usize| {
        let mut text = String::new();
        while text.len() < 495 {
            text.push_str(if text.is_empty() { "" } else { "+" });
            text.push_str(numbers.pick(WORDS));
        }
        format!("field{n}={text}")
    };
    let body = (0..40).map(field).collect::<Vec<_>>().join("&");
    browser("POST", "/surveys/42?source=shop&lang=en&page=2".to_owned(), Some(FORM), body.into_bytes())
}

/// An attack with the mark that a rule set for paranoia level 4 refuses it by: what shows that a WAF is awake.
pub fn attack() -> Request {
    let path = "/search?probe=1&q=1%27%20union%20select%20password%20from%20users--%20%3Cscript%3Ealert(1)%3C/script%3E";
    Request { path: path.to_owned(), ..browse() }
}

/// A search: words, a page, an order, and cookies of its own.
pub fn search(number: u64) -> Request {
    let mut numbers = Numbers::new(number);
    let words = prose::words(&mut numbers, 3).replace(' ', "+");
    let (page, sort) = (1 + numbers.below(40), numbers.pick(&["price", "name", "newest", "rating"]));
    let path = format!("/search?q={words}+{number}&page={page}&sort={sort}");
    let mut request = browser("GET", path, None, Vec::new());
    for (name, value) in &mut request.fields {
        match *name {
            "cookie" => {
                *value =
                    format!("session={:016x}{:016x}; theme=dark; seen={page}", numbers.draw(), numbers.draw())
            }
            "referer" => *value = format!("https://shop.example/search?q={words}&page={page}"),
            _ => {}
        }
    }
    request
}

/// A POST of 8 KB JSON: records with ids, links, dates and prose.
pub fn records(number: u64) -> Request {
    let mut numbers = Numbers::new(number);
    let mut body = format!("{{\"batch\":{number},\"records\":[");
    while body.len() < 8 * 1024 - 500 {
        let comma = if body.ends_with('[') { "" } else { "," };
        let (high, low) = (numbers.draw(), numbers.draw());
        let (thing, at) = (prose::words(&mut numbers, 1).replace(' ', "-"), prose::instant(&mut numbers));
        let text = prose::paragraph(&mut numbers, 120).replace('"', "\\\"");
        body.push_str(&format!(
            "{comma}{{\"id\":\"{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}\",\"at\":\"{at}\",\
             \"link\":\"https://cdn.shop.example/media/{}/{thing}.webp?width={}\",\"text\":\"{text}\",\
             \"score\":{}.{},\"tags\":[\"{thing}\",\"new\"],\"open\":{}}}",
            high >> 32,
            high & 0xffff,
            (high >> 16) & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff,
            low % 100_000,
            100 + low % 1900,
            high % 100,
            low % 10,
            low % 2 == 0
        ));
    }
    body.push_str("]}");
    browser("POST", format!("/api/records?batch={number}&source=import&v=2"), Some(JSON), body.into_bytes())
}

/// A POST of a 20 KB form with 40 fields of prose.
pub fn prose_form(number: u64) -> Request {
    let mut numbers = Numbers::new(number);
    let mut body = format!("survey={number}");
    for n in 0..40 {
        let text = prose::paragraph(&mut numbers, 430);
        body.push_str(&format!("&answer{n}="));
        text.bytes().for_each(|byte| encode(byte, &mut body));
    }
    browser("POST", format!("/surveys/{number}?source=shop&lang=en&page=2"), Some(FORM), body.into_bytes())
}

/// A byte in a form's coding (URL Standard, `application/x-www-form-urlencoded` serializing).
fn encode(byte: u8, out: &mut String) {
    match byte {
        b' ' => out.push('+'),
        b'*' | b'-' | b'.' | b'_' => out.push(char::from(byte)),
        byte if byte.is_ascii_alphanumeric() => out.push(char::from(byte)),
        byte => out.push_str(&format!("%{byte:02X}")),
    }
}

/// 30 KB of HTML: a head with a script and styles, articles, a table, links.
pub fn page() -> Response {
    let mut numbers = Numbers::new(3);
    let mut html = String::from(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Magazine - The Shop</title>\n\
         <link rel=\"stylesheet\" href=\"/assets/site.css?v=41\">\n\
         <script>window.shop = { lang: \"en\", currency: \"EUR\", user: null };</script>\n\
         <script src=\"/assets/site.js?v=41\" defer></script>\n</head>\n<body class=\"magazine\">\n\
         <nav><a href=\"/\">Home</a> <a href=\"/products\">Products</a> <a href=\"/magazine\">Magazine</a></nav>\n<main>\n",
    );
    while html.len() < 30 * 1024 - 700 {
        let (thing, at) = (prose::words(&mut numbers, 1), prose::instant(&mut numbers));
        let text = prose::paragraph(&mut numbers, 420).replace('&', "&amp;").replace('"', "&quot;");
        html.push_str(&format!(
            "<article id=\"a{}\">\n<h2>About a {thing}</h2>\n<time datetime=\"{at}\">{at}</time>\n<p>{text}</p>\n\
             <a class=\"more\" href=\"/products/{}?ref=magazine\">See the {thing}</a>\n</article>\n",
            html.len(),
            thing.replace(' ', "-")
        ));
    }
    html.push_str("</main>\n<footer><p>The Shop, 12 High Street</p></footer>\n</body>\n</html>\n");
    Response { content_type: "text/html; charset=utf-8", body: html.into_bytes() }
}

const JSON: &str = "application/json";
const FORM: &str = "application/x-www-form-urlencoded";

fn browser(method: &'static str, path: String, content_type: Option<&str>, body: Vec<u8>) -> Request {
    let fields = [
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"),
        ("accept", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
        ("accept-encoding", "gzip, deflate, br"),
        ("cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=yes"),
        ("referer", "https://shop.example/products?page=2"),
        ("upgrade-insecure-requests", "1"),
        ("sec-fetch-dest", "document"),
        ("cache-control", "no-cache"),
        ("dnt", "1"),
    ];
    let mut fields = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
    fields.extend(content_type.map(|value| ("content-type", value.to_owned())));
    Request { method, path, fields, body }
}

/// Plain words, none of them of a query language.
const WORDS: &[&str] = &[
    "garden", "morning", "letter", "mountain", "window", "summer", "yellow", "people", "water", "simple",
    "answer", "bridge", "village", "silver", "under", "music", "paper", "the", "and", "with", "quiet",
    "little", "river", "stone", "market", "winter", "story", "over", "family", "number", "friend", "kitchen",
    "a", "of", "to", "in",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_promised_size() {
        assert_eq!((browse().fields.len(), browse().path.matches('=').count()), (10, 3));
        assert!((1900..=2200).contains(&order().body.len()), "{}", order().body.len());
        assert!((20_000..=21_000).contains(&text_form().body.len()), "{}", text_form().body.len());
        assert!((30_000..=31_000).contains(&page().body.len()), "{}", page().body.len());
        for number in 0..200 {
            let (json, form) = (records(number).body, prose_form(number).body);
            assert!((7_600..=8_400).contains(&json.len()), "{}", json.len());
            assert!((19_000..=24_000).contains(&form.len()), "{}", form.len());
        }
    }

    #[test]
    fn distinct_requests_are_distinct() {
        let make = [search, records, prose_form];
        let texts = |make: fn(u64) -> Request| (0..500).map(move |n| (make(n).path, make(n).body));
        for make in make {
            let distinct: std::collections::BTreeSet<_> = texts(make).collect();
            assert_eq!(distinct.len(), 500);
        }
    }
}
