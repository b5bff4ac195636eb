//! Header edits that are valid by construction: the host does not validate what a filter writes on responses, so a
//! line feed in a value would split the response.

use thiserror::Error;

/// Why a name or value cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EditError {
    /// The name is empty or holds a byte that RFC 9110 section 5.6.2 does not allow in a token.
    #[error("`{0}` is not a header name")]
    Name(String),
    /// The pseudo-header does not exist on this side of the exchange, or can't be appended or removed.
    #[error("`{0}` cannot be edited here")]
    Pseudo(String),
    /// The value holds a control character (RFC 9110 section 5.5 allows blanks, tabs, visible ASCII and 0x80 to 0xff).
    #[error("the value of `{0}` holds a control character")]
    Value(String),
    /// The value of a pseudo-header has not the form that the codec takes.
    #[error("`{0}` has not the form that this pseudo-header takes")]
    PseudoValue(String),
}

/// A header name: a token in lower case, or one of the pseudo-headers that can be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderName(Box<[u8]>);

impl HeaderName {
    /// Checks a name and makes it lower case.
    pub fn new(name: impl AsRef<[u8]>) -> Result<HeaderName, EditError> {
        let name = name.as_ref().to_ascii_lowercase();
        let pseudo = matches!(&*name, b":path" | b":method" | b":authority" | b":scheme" | b":status");
        if pseudo || (!name.is_empty() && name.iter().all(|&byte| is_token(byte))) {
            return Ok(HeaderName(name.into()));
        }
        Err(EditError::Name(String::from_utf8_lossy(&name).into_owned()))
    }

    /// The name's bytes, lower case.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    fn is_pseudo(&self) -> bool {
        self.0.first() == Some(&b':')
    }

    fn lossy(&self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

/// A header value without control characters; surrounding blanks are cut, as a recipient would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderValue(Box<[u8]>);

impl HeaderValue {
    /// Checks a value; `None` if it holds a control character other than a tab.
    pub fn new(value: impl AsRef<[u8]>) -> Option<HeaderValue> {
        let value = value.as_ref().trim_ascii();
        let clean = value.iter().all(|&byte| byte == b'\t' || (byte >= 0x20 && byte != 0x7f));
        clean.then(|| HeaderValue(value.into()))
    }

    /// The value's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// One change to a header map.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// Replaces all fields of this name by one.
    Set {
        /// Which.
        name: HeaderName,
        /// By what.
        value: HeaderValue,
    },
    /// Adds a field and keeps those that are there.
    Append {
        /// Which.
        name: HeaderName,
        /// What.
        value: HeaderValue,
    },
    /// Removes all fields of this name.
    Remove {
        /// Which.
        name: HeaderName,
    },
}

impl Edit {
    /// [`Edit::Set`], checked.
    pub fn set(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Edit, EditError> {
        let (name, value) = pair(name, value)?;
        if name.is_pseudo() && !pseudo_value_fits(&name, value.as_bytes()) {
            return Err(EditError::PseudoValue(name.lossy()));
        }
        Ok(Edit::Set { name, value })
    }

    /// [`Edit::Append`], checked; pseudo-headers cannot be appended.
    pub fn append(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<Edit, EditError> {
        let (name, value) = pair(name, value)?;
        if name.is_pseudo() {
            return Err(EditError::Pseudo(name.lossy()));
        }
        Ok(Edit::Append { name, value })
    }

    /// [`Edit::Remove`], checked; pseudo-headers cannot be removed.
    pub fn remove(name: impl AsRef<[u8]>) -> Result<Edit, EditError> {
        let name = HeaderName::new(name)?;
        if name.is_pseudo() {
            return Err(EditError::Pseudo(name.lossy()));
        }
        Ok(Edit::Remove { name })
    }

    /// The name that this edit is about.
    pub fn name(&self) -> &HeaderName {
        match self {
            Edit::Set { name, .. } | Edit::Append { name, .. } | Edit::Remove { name } => name,
        }
    }
}

/// An edit that a request takes: no `:status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestEdit(Edit);

/// An edit that a response takes: `:status` is the only pseudo-header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResponseEdit(Edit);

impl TryFrom<Edit> for RequestEdit {
    type Error = EditError;

    fn try_from(edit: Edit) -> Result<RequestEdit, EditError> {
        if edit.name().as_bytes() == b":status" {
            return Err(EditError::Pseudo(edit.name().lossy()));
        }
        Ok(RequestEdit(edit))
    }
}

impl TryFrom<Edit> for ResponseEdit {
    type Error = EditError;

    fn try_from(edit: Edit) -> Result<ResponseEdit, EditError> {
        if edit.name().is_pseudo() && edit.name().as_bytes() != b":status" {
            return Err(EditError::Pseudo(edit.name().lossy()));
        }
        Ok(ResponseEdit(edit))
    }
}

impl AsRef<Edit> for RequestEdit {
    fn as_ref(&self) -> &Edit {
        &self.0
    }
}

impl AsRef<Edit> for ResponseEdit {
    fn as_ref(&self) -> &Edit {
        &self.0
    }
}

fn pair(name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> Result<(HeaderName, HeaderValue), EditError> {
    let name = HeaderName::new(name)?;
    let value = HeaderValue::new(value).ok_or_else(|| EditError::Value(name.lossy()))?;
    Ok((name, value))
}

/// What the host's codec takes for each pseudo-header; anything else would end in a reset or in request smuggling.
fn pseudo_value_fits(name: &HeaderName, value: &[u8]) -> bool {
    let visible = |byte: &u8| *byte > 0x20 && *byte != 0x7f;
    match name.as_bytes() {
        b":path" => {
            matches!(value.first(), Some(b'/' | b'*')) && value.iter().all(|b| visible(b) && *b != b'#')
        }
        b":method" => !value.is_empty() && value.iter().all(|&byte| is_token(byte)),
        b":authority" => {
            !value.is_empty() && value.iter().all(|b| visible(b) && !matches!(b, b'/' | b'?' | b'#' | b'@'))
        }
        b":scheme" => matches!(value, b"http" | b"https"),
        b":status" => matches!(value, [b'2'..=b'5', b'0'..=b'9', b'0'..=b'9']),
        _ => false,
    }
}

/// RFC 9110 section 5.6.2, `tchar`.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_would_split_a_message_are_refused() {
        for bad in ["a\nb", "a\r\nx: y", "a\0b", "a\x01", "a\x7f"] {
            assert_eq!(Edit::set("x-a", bad), Err(EditError::Value("x-a".into())), "{bad:?}");
        }
        assert!(Edit::set("x-a", b"caf\xc3\xa9 \xff\t!").is_ok());
    }

    #[test]
    fn names_are_tokens_in_lower_case() {
        assert_eq!(HeaderName::new("X-Id").unwrap().as_bytes(), b"x-id");
        for bad in ["", "a b", "a:", ":nope", "a\n", "\u{e9}"] {
            assert!(HeaderName::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn pseudo_headers_keep_their_form_and_their_side() {
        assert!(Edit::set(":path", "/a b").is_err());
        assert!(Edit::set(":path", "http://other/").is_err());
        assert!(Edit::set(":status", "101").is_err());
        assert!(Edit::set(":authority", "a@b").is_err());
        assert!(Edit::remove(":path").is_err());
        assert!(Edit::append(":path", "/a").is_err());
        assert!(RequestEdit::try_from(Edit::set(":status", "200").unwrap()).is_err());
        assert!(ResponseEdit::try_from(Edit::set(":path", "/").unwrap()).is_err());
        assert!(RequestEdit::try_from(Edit::set(":path", "/a?b").unwrap()).is_ok());
        assert!(ResponseEdit::try_from(Edit::set(":status", "404").unwrap()).is_ok());
    }
}
