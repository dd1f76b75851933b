//! What a SKU names as its product code: product, option and unit type (§3), as `museum/museum-day/adult`. A `/` inside an
//! id is written `%2F`, a `%` is written `%25`.

use std::fmt;

use entrepot_sdk::prelude::*;

/// Product, option and unit type, by their ids at the supplier.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ProductCode {
    pub(crate) product: String,
    pub(crate) option: String,
    pub(crate) unit: String,
}

impl ProductCode {
    /// Parses a code; the fault says how one is written.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let parts: Vec<String> = text.split('/').map(|part| part.replace("%2F", "/").replace("%25", "%")).collect();
        match <[String; 3]>::try_from(parts) {
            Ok([product, option, unit]) if ![&product, &option, &unit].iter().any(|id| id.is_empty()) => {
                Ok(Self { product, option, unit })
            }
            _ => Err(Fault::invalid(format!("the product code {text:?} must be PRODUCT/OPTION/UNIT, by the OCTO ids"))),
        }
    }
}

impl fmt::Display for ProductCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |id: &str| id.replace('%', "%25").replace('/', "%2F");
        write!(f, "{}/{}/{}", part(&self.product), part(&self.option), part(&self.unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_survives_any_id() {
        for (product, option, unit) in [("museum", "DEFAULT", "adult"), ("a/b", "50%2F", "%25/%"), ("票", "o o", "+")]
        {
            let [product, option, unit] = [product, option, unit].map(str::to_owned);
            let code = ProductCode { product, option, unit };
            assert_eq!(ProductCode::parse(&code.to_string()).unwrap(), code);
        }
    }

    #[test]
    fn what_is_no_code_is_told_how_to_be_one() {
        for bad in ["", "museum", "museum/day", "museum//adult", "a/b/c/d"] {
            let fault = ProductCode::parse(bad).unwrap_err();
            assert!(fault.text.contains("PRODUCT/OPTION/UNIT"), "{}", fault.text);
        }
    }
}
