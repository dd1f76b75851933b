//! The calls and their routes (§2; webhooks §6).

/// A call of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Call {
    /// `GET /supplier`
    Supplier,
    /// `GET /products`
    Products,
    /// `GET /products/{id}`
    Product,
    /// `POST /availability/calendar`
    Calendar,
    /// `POST /availability`
    Availability,
    /// `POST /bookings`
    Reserve,
    /// `POST /bookings/{uuid}/confirm`
    Confirm,
    /// `POST /bookings/{uuid}/extend`
    Extend,
    /// `PATCH /bookings/{uuid}`
    Update,
    /// `POST /bookings/{uuid}/cancel`
    Cancel,
    /// `GET /bookings/{uuid}`
    Get,
    /// `GET /bookings`
    List,
    /// `GET /capabilities`
    Capabilities,
    /// `POST /webhooks`
    AddWebhook,
    /// `GET /webhooks`
    Webhooks,
    /// `DELETE /webhooks/{id}`
    RemoveWebhook,
}

impl Call {
    /// The call at a path, and the id inside the path; empty where it has none.
    #[must_use]
    pub fn route(method: &str, path: &str) -> Option<(Self, String)> {
        let segments: Vec<String> = path.strip_prefix('/')?.split('/').map(|segment| decoded(segment, false)).collect();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let (call, id) = match (method, segments.as_slice()) {
            ("GET", ["supplier"]) => (Self::Supplier, ""),
            ("GET", ["products"]) => (Self::Products, ""),
            ("GET", ["products", id]) => (Self::Product, *id),
            ("POST", ["availability", "calendar"]) => (Self::Calendar, ""),
            ("POST", ["availability"]) => (Self::Availability, ""),
            ("POST", ["bookings"]) => (Self::Reserve, ""),
            ("POST", ["bookings", uuid, "confirm"]) => (Self::Confirm, *uuid),
            ("POST", ["bookings", uuid, "extend"]) => (Self::Extend, *uuid),
            ("PATCH", ["bookings", uuid]) => (Self::Update, *uuid),
            ("POST", ["bookings", uuid, "cancel"]) => (Self::Cancel, *uuid),
            ("GET", ["bookings", uuid]) => (Self::Get, *uuid),
            ("GET", ["bookings"]) => (Self::List, ""),
            ("GET", ["capabilities"]) => (Self::Capabilities, ""),
            ("POST", ["webhooks"]) => (Self::AddWebhook, ""),
            ("GET", ["webhooks"]) => (Self::Webhooks, ""),
            ("DELETE", ["webhooks", id]) => (Self::RemoveWebhook, *id),
            _ => return None,
        };
        Some((call, id.to_owned()))
    }
}

/// A text without its percent-encoding; what is none stays as it is. In a query, `+` is a space.
pub(crate) fn decoded(text: &str, query: bool) -> String {
    let bytes = text.as_bytes();
    let mut plain = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let hex = bytes.get(at + 1..at + 3).filter(|_| *byte == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        if let Some(value) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            plain.push(value);
            at += 3;
        } else {
            plain.push(if query && *byte == b'+' { b' ' } else { *byte });
            at += 1;
        }
    }
    String::from_utf8_lossy(&plain).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_name_call_and_id() {
        assert_eq!(Call::route("PATCH", "/bookings/a%2Fb"), Some((Call::Update, "a/b".to_owned())));
        assert_eq!(Call::route("POST", "/bookings/"), None);
        assert_eq!(Call::route("PUT", "/bookings"), None);
        assert_eq!(decoded("a+b%zz%41", true), "a b%zzA");
    }
}
