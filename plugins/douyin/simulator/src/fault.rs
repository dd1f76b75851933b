//! One-shot faults: what goes wrong, on which call, once.

use crate::scene::Scene;
use std::collections::VecDeque;

/// Something that goes wrong once. The first group strikes one *attempt* of an SPI call or webhook, the second
/// one OpenAPI call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request is delivered and answered, but the answer is lost: the platform sees a time-out.
    DropAnswer,
    /// The request is lost on its way: the platform sees a time-out, the other side sees nothing.
    LoseRequest,
    /// The request and all its repeats are lost: the platform sees time-outs to the end of the ladder.
    LoseCall,
    /// The same request is delivered twice, one after the other; the second answer counts.
    DeliverTwice,
    /// The same request is delivered twice at the same time; the first answer counts.
    DeliverTwiceAtOnce,
    /// One bit of the body changes after signing; the body stays readable JSON where it holds a longer number.
    FlipBody,
    /// One bit of the query's timestamp changes after signing (SPI only).
    FlipQuery,
    /// The signature header (and the old `sign` parameter) is left out.
    OmitSignature,
    /// The call's remaining retry ladder runs without any delay, whatever the retry scale is.
    RetryAtOnce,
    /// The next OpenAPI calls, this many, answer 2100004 (busy) and do nothing.
    OpenApiBusy(u32),
    /// The next OpenAPI call answers 2190002 (token invalid) although the token is good, and does nothing.
    OpenApiTokenInvalid,
    /// The next OpenAPI call answers this error code and does nothing, e.g. 2119003 (too many requests).
    OpenApiRefuses(i64),
    /// The next OpenAPI call does nothing and never answers (bounded, see `openapi`).
    OpenApiHangs,
    /// The next OpenAPI call takes effect and never answers: the caller cannot know.
    OpenApiLosesAnswer,
}

impl Fault {
    fn concerns_openapi(self) -> bool {
        matches!(
            self,
            Fault::OpenApiBusy(_)
                | Fault::OpenApiTokenInvalid
                | Fault::OpenApiRefuses(_)
                | Fault::OpenApiHangs
                | Fault::OpenApiLosesAnswer
        )
    }
}

/// Which call a queued fault waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FaultTarget {
    /// The next call of any kind that the fault can strike.
    Any,
    /// The next attempt of this scene.
    Scene(Scene),
    /// The next OpenAPI call on this path.
    Path(String),
}

/// The queue of faults, first in, first out per matching call.
#[derive(Debug, Default)]
pub(crate) struct FaultQueue {
    waiting: VecDeque<(FaultTarget, Fault)>,
}

impl FaultQueue {
    pub(crate) fn push(&mut self, target: FaultTarget, fault: Fault) {
        self.waiting.push_back((target, fault));
    }

    /// Queues a fault for the next attempt of a scene, before the others.
    pub(crate) fn push_first(&mut self, scene: Scene, fault: Fault) {
        self.waiting.push_front((FaultTarget::Scene(scene), fault));
    }

    pub(crate) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the fault for an attempt of `scene`.
    pub(crate) fn take_for_scene(&mut self, scene: Scene) -> Option<Fault> {
        let place = self.waiting.iter().position(|(target, fault)| {
            !fault.concerns_openapi()
                && match target {
                    FaultTarget::Any => true,
                    FaultTarget::Scene(wanted) => *wanted == scene,
                    FaultTarget::Path(_) => false,
                }
        })?;
        self.waiting.remove(place).map(|(_, fault)| fault)
    }

    /// Takes the fault for an OpenAPI call on `path`; a busy fault with more to go stays in the queue. With
    /// `named_only` (the token call) a fault for any path does not count.
    pub(crate) fn take_for_path(&mut self, path: &str, named_only: bool) -> Option<Fault> {
        let place = self.waiting.iter().position(|(target, fault)| {
            fault.concerns_openapi()
                && match target {
                    FaultTarget::Any => !named_only,
                    FaultTarget::Path(wanted) => wanted == path,
                    FaultTarget::Scene(_) => false,
                }
        })?;
        if let Some((_, Fault::OpenApiBusy(left))) = self.waiting.get_mut(place)
            && *left > 1
        {
            *left -= 1;
            return Some(Fault::OpenApiBusy(1));
        }
        self.waiting.remove(place).map(|(_, fault)| fault)
    }
}

/// Changes one bit of a body: in the last digit that follows another digit, so that JSON numbers and strings stay
/// well formed; else in the middle byte.
pub(crate) fn flip_body(body: &mut [u8]) {
    let place = (1..body.len()).rev().find(|&i| body[i].is_ascii_digit() && body[i - 1].is_ascii_digit());
    let middle = body.len() / 2;
    if let Some(byte) = body.get_mut(place.unwrap_or(middle)) {
        *byte ^= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_counts_down_and_targets_are_kept_apart() {
        let mut queue = FaultQueue::default();
        queue.push(FaultTarget::Path("/a/".into()), Fault::OpenApiBusy(2));
        queue.push(FaultTarget::Scene(Scene::PayOrder), Fault::FlipBody);
        queue.push(FaultTarget::Any, Fault::OpenApiTokenInvalid);
        assert_eq!(queue.take_for_path("/b/", true), None);
        assert_eq!(queue.take_for_path("/b/", false), Some(Fault::OpenApiTokenInvalid));
        assert_eq!(queue.take_for_path("/a/", false), Some(Fault::OpenApiBusy(1)));
        assert_eq!(queue.take_for_path("/a/", false), Some(Fault::OpenApiBusy(1)));
        assert_eq!(queue.take_for_path("/a/", false), None);
        assert_eq!(queue.take_for_scene(Scene::CreateOrder), None);
        assert_eq!(queue.take_for_scene(Scene::PayOrder), Some(Fault::FlipBody));
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn a_flipped_body_stays_json() {
        let mut body = br#"{"order_id":"1000000000000000001","count":2}"#.to_vec();
        flip_body(&mut body);
        let value: serde_json::Value = serde_json::from_slice(&body).expect("still JSON");
        assert_eq!(value["order_id"], "1000000000000000000");
    }
}
