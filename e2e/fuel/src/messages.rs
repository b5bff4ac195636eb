//! Requests and responses of the size and form that an API sees on an ordinary day.

/// A request.
#[derive(Debug, Clone)]
pub struct Request {
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// Fields besides `host` and `content-length`.
    pub fields: Vec<(&'static str, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

/// A response: 200 with this body.
#[derive(Debug, Clone)]
pub struct Response {
    /// Its `content-type`.
    pub content_type: &'static str,
    /// Its body.
    pub body: Vec<u8>,
}

/// A GET with ten header fields and three query arguments.
pub fn get() -> Request {
    request("GET", "/products/shoes?category=running&size=42&order=price%20ascending", Vec::new())
}

/// A GET for the path of [`large`] responses.
pub fn get_large() -> Request {
    request("GET", "/export?category=running&size=42&order=price%20ascending", Vec::new())
}

/// A POST of 2 KB JSON.
pub fn json_post() -> Request {
    let body = json_of(2048, |n| format!("a pair in blue, size {}", 36 + n % 10));
    let mut post = request("POST", "/orders?source=shop&lang=en&page=2", body);
    post.fields.push(("content-type", "application/json".to_owned()));
    post
}

/// A POST of a form with 24 fields, about 1 KB.
pub fn form_post() -> Request {
    let field = |n: u32| format!("field{n}=some+value+with+words+%26+number+{}", n * 7919);
    let body = (0..24).map(field).collect::<Vec<_>>().join("&");
    let mut post = request("POST", "/orders?source=shop&lang=en&page=2", body.into_bytes());
    post.fields.push(("content-type", "application/x-www-form-urlencoded".to_owned()));
    post
}

/// An answer of about 120 bytes.
pub fn small() -> Response {
    let body = br#"{"id":4711,"name":"runner","price":89.90,"currency":"EUR","stock":12,"tags":["blue","light","new"],"ok":true}"#;
    Response { content_type: "application/json", body: body.to_vec() }
}

/// 20 KB of JSON in which nothing is to be found: words, and numbers that look at first like card numbers.
pub fn large_clean() -> Response {
    let text = |n: u64| {
        format!("order {} of lot {}", n * 7919 % 10007, with_wrong_digit(411_111_000_000_000 + n * 7919))
    };
    Response { content_type: "application/json", body: json_of(20 * 1024, text) }
}

/// 20 KB of JSON with a valid card number in every item.
pub fn large_dense() -> Response {
    let text = |n: u64| format!("paid with {} today", with_check_digit(411_111_000_000_000 + n * 7919));
    Response { content_type: "application/json", body: json_of(20 * 1024, text) }
}

fn request(method: &'static str, path: &str, body: Vec<u8>) -> Request {
    let fields = [
        ("user-agent", "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0"),
        ("accept", "application/json, text/html;q=0.9, */*;q=0.8"),
        ("accept-language", "en-GB,en;q=0.7,de;q=0.3"),
        ("cookie", "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; consent=yes"),
        ("referer", "https://shop.example/products?page=2"),
        ("authorization", "Basic YWxpY2U6b3BlbiBzZXNhbWU="),
        ("x-tenant", "blue"),
        ("x-client-version", "4.12.0"),
        ("cache-control", "no-cache"),
        ("dnt", "1"),
    ];
    let fields = fields.map(|(name, value)| (name, value.to_owned())).to_vec();
    Request { method, path: path.to_owned(), fields, body }
}

/// A JSON object with a list of items, at most `length` bytes and hardly less.
fn json_of(length: usize, text: impl Fn(u64) -> String) -> Vec<u8> {
    const END: &str = "],\"total\":1}";
    let mut body = String::from("{\"customer\":{\"name\":\"Ada\",\"tier\":\"gold\"},\"items\":[");
    for n in 0.. {
        let comma = if n == 0 { "" } else { "," };
        let item = format!(
            "{comma}{{\"id\":{n},\"text\":\"{}\",\"price\":{}.5,\"gift\":{}}}",
            text(n),
            n * 3 + 10,
            n % 2 == 0
        );
        if body.len() + item.len() + END.len() > length {
            break;
        }
        body.push_str(&item);
    }
    body.push_str(END);
    body.into_bytes()
}

/// The number with the check digit behind it that ISO/IEC 7812-1 annex B (Luhn) asks for.
fn with_check_digit(number: u64) -> String {
    let digits = number.to_string();
    let weigh = |(place, digit): (usize, u8)| {
        let digit = u32::from(digit - b'0');
        let weighed = if place % 2 == 0 { digit * 2 } else { digit };
        weighed / 10 + weighed % 10
    };
    let sum: u32 = digits.bytes().rev().enumerate().map(weigh).sum();
    format!("{digits}{}", (10 - sum % 10) % 10)
}

/// The number with another digit in the check digit's place.
fn with_wrong_digit(number: u64) -> String {
    let right = with_check_digit(number);
    let digits = number.to_string();
    let wrong = right.bytes().last().map_or(0, |digit| (digit - b'0' + 1) % 10);
    format!("{digits}{wrong}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_the_promised_size() {
        assert_eq!(get().fields.len(), 10);
        assert_eq!(get().path.matches('=').count(), 3);
        assert!((1900..=2048).contains(&json_post().body.len()));
        assert!((900..=1400).contains(&form_post().body.len()));
        for large in [large_clean(), large_dense()] {
            assert!((20 * 1024 - 150..=20 * 1024).contains(&large.body.len()));
        }
    }

    #[test]
    fn check_digits_are_luhn() {
        assert_eq!(with_check_digit(411_111_111_111_111), "4111111111111111");
        assert_eq!(with_check_digit(7_992_739_871), "79927398713");
        assert_eq!(with_wrong_digit(7_992_739_871), "79927398714");
    }
}
