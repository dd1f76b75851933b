//! What the visitor gets: picture, links, short messages (§5).

use crate::book::Book;
use crate::options::ImageElement;
use crate::refusal::Refusal;
use crate::reply::{Reply, Result};
use crate::request::{need, order_element};
use crate::xml::Element;

/// A one-pixel PNG in Base64. A picture, but no readable QR code: the page does not say what the code holds (§5).
pub(crate) const PICTURE: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYAAAAAYAAjCB0C8AAAAASUVORK5CYII=";
/// Most short messages kept per order.
const MESSAGE_LIMIT: usize = 100;

impl Book {
    /// `SEND_CODE_IMG_REQ`.
    pub fn code_image(&mut self, root: &Element) -> Result<Reply> {
        let (name, repeats) = (self.options.image_element, self.options.image_per_ticket);
        let order = self.order(need(order_element(root)?, "orderCode")?)?;
        let count = if repeats { order.total() } else { 1 };
        let name = match name {
            ImageElement::Img => "img",
            ImageElement::Image => "image",
            ImageElement::Url => "url",
        };
        Ok(Reply::success((0..count).map(|_| Element::leaf(name, PICTURE)).collect()))
    }

    /// `QUERY_IMG_URL_REQ` and `QUERY_SHORT_IMG_URL_REQ`; the links' form is made up.
    pub fn image_url(&mut self, root: &Element, short: bool) -> Result<Reply> {
        let base = self.options.page_base.clone();
        let order = self.order(need(order_element(root)?, "orderCode")?)?;
        let page = if short { "s" } else { "page" };
        Ok(Reply::success(vec![Element::leaf("img", format!("{base}/{page}/{}", order.assist_code))]))
    }

    /// `SEND_SM_REQ` and the old `SEND_MMS_REQ`: the short message again, by template.
    pub fn send_message(&mut self, root: &Element) -> Result<Reply> {
        // Beside or inside `order`: the page says "extra".
        let asked = order_element(root)?;
        let beside = root.child("orderRequest").and_then(|body| body.value("tplCode"));
        let template = asked.value("tplCode").or(beside).unwrap_or_default().to_owned();
        let order = self.order(need(asked, "orderCode")?)?;
        if order.messages.len() == MESSAGE_LIMIT {
            return Err(Refusal::TooMuch);
        }
        order.messages.push(template);
        Ok(Reply::success(Vec::new()))
    }

    /// The old `SM_REQ`; where `sm` stands was not seen, so under the root or in `orderRequest`.
    pub fn own_message(&mut self, root: &Element) -> Result<Reply> {
        let message = root.child("sm").or(root.at(&["orderRequest", "sm"])).ok_or(Refusal::MissingField)?;
        need(message, "tel")?;
        need(message, "msg")?;
        Ok(Reply::success(Vec::new()))
    }
}
