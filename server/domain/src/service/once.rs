//! Doing what a request with an `Idempotency-Key` asks for once. See [`crate::model::receipt`].

use crate::base::Base;
use crate::error::{Error, Result};
use crate::model::account::Caller;
use crate::model::receipt::{Answer, Answered, Kept, Once, Receipt, RequestName};
use crate::port::store::Written;

/// A request on its way to being done, perhaps once.
pub(super) struct Pending<'a, T> {
    base: &'a Base,
    once: Option<(Once<T>, RequestName)>,
}

/// What a look at the receipts said.
pub(super) enum Looked<'a, T> {
    /// It is to be done.
    Todo(Pending<'a, T>),
    /// It was done before.
    Done(Receipt),
}

impl<'a, T> Pending<'a, T> {
    /// Looks whether it was done before.
    pub(super) async fn look(
        base: &'a Base,
        caller: &Caller,
        once: Option<Once<T>>,
    ) -> Result<Looked<'a, T>> {
        let Some(once) = once else { return Ok(Looked::Todo(Self { base, once: None })) };
        let (route, key) = (once.route.clone(), once.key.clone());
        let request = RequestName { account: caller.account(), route, key };
        if let Some(receipt) = base.store.receipt_find(&request).await? {
            receipt.check_body(once.body)?;
            return Ok(Looked::Done(receipt));
        }
        Ok(Looked::Todo(Self { base, once: Some((once, request)) }))
    }

    /// The receipt to be written with what was made.
    pub(super) fn receipt(&self, made: &T) -> Result<Option<Receipt>> {
        let Some((once, _)) = &self.once else { return Ok(None) };
        let Answer { status, body } = (once.render)(made);
        let body = self.base.credentials.seal(&body)?;
        Ok(self.receipt_of(Kept::Sealed { status, body }))
    }

    /// The receipt that says what is kept.
    pub(super) fn receipt_of(&self, kept: Kept) -> Option<Receipt> {
        let (once, request) = self.once.as_ref()?;
        Some(Receipt { request: request.clone(), body: once.body, kept, at: self.base.clock.now() })
    }

    /// Whether a receipt that was found at the write is for this very body.
    pub(super) fn check_body(&self, receipt: &Receipt) -> Result<()> {
        self.once.as_ref().map_or(Ok(()), |(once, _)| receipt.check_body(once.body))
    }

    /// What the write came to.
    pub(super) fn written(self, made: T, written: Written) -> Result<Answered<T>> {
        match (written, self.once) {
            (Written::Before(receipt), Some((once, _))) => {
                receipt.check_body(once.body)?;
                replay(self.base, receipt)
            }
            (Written::Now, Some((once, _))) => Ok(Answered::Kept((once.render)(&made))),
            // Without a key there is no receipt to be found.
            (_, None) => Ok(Answered::Made(made)),
        }
    }
}

/// The first answer, from its receipt.
pub(super) fn replay<T>(base: &Base, receipt: Receipt) -> Result<Answered<T>> {
    match receipt.kept {
        Kept::Sealed { status, body } => {
            let body = base.credentials.open(&body).map_err(|_| {
                Error::conflict("the first answer cannot be read any more; choose a new Idempotency-Key")
            })?;
            Ok(Answered::Replayed(Answer { status, body }))
        }
        Kept::Job(_) => Err(Error::internal("a receipt of a call where none is made")),
    }
}
