//! What the gateway sells. Goods codes (商品编码) and prices are exchanged by hand (§§3, 6), here by pressing a button.

/// One thing to sell. The field values that the page does not give are `inferred`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// `goodsCode` (§3).
    pub code: String,
    /// Agreed price of one ticket in fen; `None` takes any price (§6: "exchanged by hand").
    pub price_fen: Option<i64>,
    /// Whether each ticket needs a guest with a document (实名, §3).
    pub real_name: bool,
    /// Whether the contact must have a document (§3: "yes for some goods").
    pub contact_document: bool,
    /// Slots and their stock; with any, an order must name one (分时, §§3, 6).
    pub slots: Vec<Slot>,
    /// Days of validity from the visit date, for `startDate` and `endDate` (§3; the count is inferred).
    pub valid_days: u16,
}

/// A time slot of one date (§6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slot {
    /// The date, `yyyy-MM-dd`.
    pub date: String,
    /// Its start, as `fsStartTime` repeats it.
    pub start: String,
    /// Its end, as `fsEndTime` repeats it.
    pub end: String,
    /// Tickets left.
    pub stock: u32,
}

impl Goods {
    /// Goods without guests and slots, at any price.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self {
            code: code.to_owned(),
            price_fen: None,
            real_name: false,
            contact_document: false,
            slots: Vec::new(),
            valid_days: 1,
        }
    }

    /// The same at an agreed price.
    #[must_use]
    pub fn priced(mut self, price_fen: i64) -> Self {
        self.price_fen = Some(price_fen);
        self
    }

    /// The same with a guest for each ticket.
    #[must_use]
    pub fn real_name(mut self) -> Self {
        self.real_name = true;
        self
    }

    /// The same with one more slot.
    #[must_use]
    pub fn slot(mut self, date: &str, start: &str, end: &str, stock: u32) -> Self {
        self.slots.push(Slot { date: date.to_owned(), start: start.to_owned(), end: end.to_owned(), stock });
        self
    }
}
