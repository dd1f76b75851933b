//! Codes that go into a pool which a channel keeps itself: none of them is given here, whatever is heard of them.

use entrepot_contract::ids::{CodeId, UploadId};
use entrepot_contract::notice::{EarlierCodes, RefusedCode};
use entrepot_contract::outcome::Reason;
use entrepot_domain::alert::AlertKind;
use entrepot_domain::answer::Answer;
use entrepot_domain::code::{BatchState, CodeState, Days};
use entrepot_domain::command::Body;
use entrepot_domain::upload::{HandOver, Upload, UploadSaid, UploadStanding, UploadWish};

use crate::world::*;

/// A world whose shop keeps codes, with these in its pool.
fn shop(texts: &[&str]) -> World {
    let mut world = World::new();
    world.channel("shop", |rules| rules.beside.codes = true);
    world.ok(codes("codes-a", texts));
    world
}

fn wish(count: u32) -> Body {
    let wish = UploadWish { connection: id("shop"), listing: id("shop-pooled"), count, last_day: None };
    Body::StartUpload { pool: id("codes-a"), wish }
}

fn started(world: &mut World, count: u32) -> UploadId {
    match world.ok(wish(count)) {
        Answer::Upload { upload, .. } => upload,
        other => panic!("{other:?}"),
    }
}

fn reserve(world: &mut World, upload: &UploadId, limit: u32) -> u32 {
    let days = Days::until(date("2026-09-20"));
    let body = Body::ReserveForUpload { pool: id("codes-a"), upload: upload.clone(), limit, days };
    match world.ok(body) {
        Answer::Changed { rows } => rows,
        other => panic!("{other:?}"),
    }
}

/// The number of a try that begins; 0: none does.
fn begin(world: &mut World, upload: &UploadId, node: &str) -> u32 {
    let until = world.now.plus_millis(30_000);
    let body = Body::TryUpload { pool: id("codes-a"), upload: upload.clone(), node: id(node), until };
    match world.ok(body) {
        Answer::Upload { number, .. } => number,
        other => panic!("{other:?}"),
    }
}

fn record(upload: &UploadId, number: u32, said: UploadSaid) -> Body {
    Body::RecordUpload { pool: id("codes-a"), upload: upload.clone(), number, said }
}

fn tried(world: &mut World, upload: &UploadId, said: UploadSaid) {
    let number = begin(world, upload, "n1");
    assert!(number > 0, "a try begins");
    world.ok(record(upload, number, said));
}

fn all_taken() -> UploadSaid {
    UploadSaid::Told { refused: Vec::new(), untold: Vec::new(), unclear: Vec::new() }
}

fn lost() -> UploadSaid {
    UploadSaid::Lost { reason: "no answer".to_owned(), wait_ms: 0 }
}

fn refused() -> UploadSaid {
    UploadSaid::NotDone { reason: "no permission".to_owned(), may_pass: false, wait_ms: 0 }
}

fn code(world: &World, text: &str) -> CodeId {
    world.codes.iter().find(|code| code.text == text).unwrap().id.clone()
}

/// How a code stands, with its state.
fn stands(world: &World, text: &str) -> (CodeState, Option<HandOver>) {
    let row = world.codes.iter().find(|code| code.text == text).unwrap();
    (row.state, row.upload.as_ref().map(|(_, stands)| *stands))
}

fn of<'a>(world: &'a World, upload: &UploadId) -> &'a Upload {
    &world.uploads[upload]
}

fn alerts(world: &World) -> Vec<&str> {
    let failed = world.alerts.iter().filter(|((kind, _), _)| *kind == AlertKind::UploadFailed);
    failed.map(|(_, alert)| alert.text.as_str()).collect()
}

#[test]
fn codes_go_part_by_part_and_are_given_to_nobody_from_the_first_moment() {
    let mut world = shop(&["A", "B", "C", "D", "E"]);
    let upload = started(&mut world, 4);
    assert_eq!(reserve(&mut world, &upload, 3), 3);
    assert_eq!(reserve(&mut world, &upload, 3), 0, "the part before is not answered for");
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Waiting)));
    let order = world.issued("1", "pooled", 1);
    assert_eq!(world.credentials[&order][0].credentials[0].value, "D", "what is reserved is nobody's");
    tried(&mut world, &upload, all_taken());
    assert_eq!((of(&world, &upload).standing, of(&world, &upload).taken), (UploadStanding::Going, 3));
    assert_eq!(reserve(&mut world, &upload, 3), 1);
    tried(&mut world, &upload, all_taken());
    assert_eq!((of(&world, &upload).standing, of(&world, &upload).taken), (UploadStanding::Done, 4));
    assert_eq!(stands(&world, "E"), (CodeState::Reserved, Some(HandOver::Taken)));
    assert_eq!(world.pools[&id("codes-a")].available, 0);
    world.sold("2", "pooled", 1);
    assert!(matches!(world.ok(start_issue("2")), Answer::OutOfCodes { .. }));
    assert!(alerts(&world).is_empty());
}

#[test]
fn what_the_channel_had_before_is_named_and_stays_nobodys() {
    let mut world = shop(&["A", "B", "C"]);
    let upload = started(&mut world, 3);
    reserve(&mut world, &upload, 500);
    let no = RefusedCode { code: code(&world, "B"), reason: "there already".to_owned() };
    let untold = vec![code(&world, "C")];
    tried(&mut world, &upload, UploadSaid::Told { refused: vec![no], untold, unclear: Vec::new() });
    assert_eq!(stands(&world, "B"), (CodeState::Reserved, Some(HandOver::Refused)));
    assert_eq!(stands(&world, "C"), (CodeState::Reserved, Some(HandOver::Waiting)));
    tried(&mut world, &upload, all_taken());
    let seen = of(&world, &upload);
    assert_eq!((seen.standing, seen.taken, seen.refused), (UploadStanding::Done, 2, 1));
    assert!(alerts(&world)[0].contains("had 1 codes"), "{:?}", alerts(&world));
    let told = world.history.iter().any(|line| line.subject == code(&world, "B").as_str());
    assert!(told, "the code's history says so");
}

#[test]
fn a_certain_no_gives_back_what_no_call_was_lost_with() {
    let mut world = shop(&["A", "B", "C"]);
    let upload = started(&mut world, 3);
    reserve(&mut world, &upload, 500);
    tried(&mut world, &upload, refused());
    assert_eq!(of(&world, &upload).standing, UploadStanding::Refused);
    assert_eq!(of(&world, &upload).note.as_deref(), Some("no permission"));
    assert_eq!(stands(&world, "A"), (CodeState::Available, None));
    assert_eq!(world.pools[&id("codes-a")].available, 3);
    assert!(alerts(&world)[0].contains("no permission"), "{:?}", alerts(&world));
    let upload = started(&mut world, 3);
    reserve(&mut world, &upload, 500);
    let (unclear, untold) = (vec![code(&world, "B")], vec![code(&world, "C")]);
    tried(&mut world, &upload, UploadSaid::Told { refused: Vec::new(), untold, unclear });
    assert_eq!(of(&world, &upload).earlier, Some(EarlierCodes::Together));
    tried(&mut world, &upload, refused());
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Taken)));
    assert_eq!(stands(&world, "B"), (CodeState::Reserved, Some(HandOver::Unclear)), "the channel may have it");
    assert_eq!(stands(&world, "C"), (CodeState::Available, None));
}

#[test]
fn what_is_unclear_is_told_again_alone_and_never_given() {
    let mut world = shop(&["A", "B", "C"]);
    let upload = started(&mut world, 2);
    reserve(&mut world, &upload, 500);
    tried(&mut world, &upload, lost());
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Unclear)));
    assert_eq!(of(&world, &upload).earlier, Some(EarlierCodes::Together));
    assert!(of(&world, &upload).next_at.unwrap() > world.now, "not at once");
    tried(&mut world, &upload, lost());
    assert!(alerts(&world).is_empty());
    tried(&mut world, &upload, lost());
    assert_eq!(alerts(&world).len(), 1, "somebody is told at the third time");
    tried(&mut world, &upload, refused());
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Unclear)), "nobody knows who has it");
    assert_eq!(world.pools[&id("codes-a")].available, 1);
}

#[test]
fn a_try_that_ended_with_its_process_may_have_done_anything() {
    let mut world = shop(&["A", "B"]);
    let upload = started(&mut world, 2);
    reserve(&mut world, &upload, 500);
    let first = begin(&mut world, &upload, "n1");
    assert_eq!(begin(&mut world, &upload, "n2"), 0, "another node waits for its end");
    let second = begin(&mut world, &upload, "n1");
    assert_eq!((first, second), (1, 2), "the same node has started again");
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Unclear)));
    assert_eq!(of(&world, &upload).earlier, Some(EarlierCodes::Parts));
    world.no_because(Reason::StateForbids, record(&upload, first, refused()));
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Unclear)), "a late answer moves nothing");
    world.ok(record(&upload, second, all_taken()));
    assert_eq!((of(&world, &upload).standing, of(&world, &upload).taken), (UploadStanding::Done, 2));
    let upload = started_alone(&mut world);
    reserve(&mut world, &upload, 500);
    begin(&mut world, &upload, "n1");
    world.now = world.now.plus_millis(30_001);
    assert_eq!(begin(&mut world, &upload, "n2"), 2, "another node goes on once the time is over");
}

fn started_alone(world: &mut World) -> UploadId {
    world.ok(codes("codes-a", &["Z"]));
    started(world, 1)
}

#[test]
fn one_part_ends_on_one_day_and_what_has_ended_stays() {
    let mut world = shop(&[]);
    let codes = vec![
        new_code("over", "b1", None, Some("2026-09-19")),
        new_code("soon-1", "b1", None, Some("2026-10-31")),
        new_code("soon-2", "b1", Some("2026-10-05"), Some("2026-10-31")),
        new_code("late", "b1", None, Some("2026-12-31")),
        new_code("ever", "b1", None, None),
    ];
    world.ok(Body::AddCodes { pool: id("codes-a"), codes });
    let upload = started(&mut world, 5);
    let mut parts = Vec::new();
    loop {
        let rows = reserve(&mut world, &upload, 500);
        if rows == 0 {
            break;
        }
        parts.push((rows, of(&world, &upload).part_last_day));
        tried(&mut world, &upload, all_taken());
    }
    assert_eq!(parts, [(2, Some(date("2026-10-31"))), (1, Some(date("2026-12-31"))), (1, None)]);
    assert_eq!(of(&world, &upload).standing, UploadStanding::Done);
    assert!(of(&world, &upload).note.as_deref().unwrap().contains("4 codes of 5"));
    assert_eq!(stands(&world, "over"), (CodeState::Available, None));
}

#[test]
fn codes_of_a_batch_that_ended_meanwhile_do_not_come_back() {
    let mut world = shop(&["A", "B"]);
    let upload = started(&mut world, 1);
    reserve(&mut world, &upload, 500);
    world.ok(Body::MoveBatch { pool: id("codes-a"), batch: id("b1"), to: BatchState::Void });
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Waiting)), "the channel may get it");
    world.ok(Body::StopUpload { pool: id("codes-a"), upload: upload.clone() });
    assert_eq!(stands(&world, "A"), (CodeState::Void, None));
    assert_eq!(of(&world, &upload).standing, UploadStanding::Stopped);
    let again = Body::StopUpload { pool: id("codes-a"), upload };
    assert!(world.no_because(Reason::StateForbids, again).contains("has ended"));
}

#[test]
fn an_upload_is_stopped_between_calls_only() {
    let mut world = shop(&["A"]);
    let upload = started(&mut world, 1);
    reserve(&mut world, &upload, 500);
    begin(&mut world, &upload, "n1");
    let stop = || Body::StopUpload { pool: id("codes-a"), upload: upload.clone() };
    assert!(world.no_because(Reason::StateForbids, stop()).contains("under way"));
    world.now = world.now.plus_millis(30_001);
    world.ok(stop());
    assert_eq!(stands(&world, "A"), (CodeState::Reserved, Some(HandOver::Unclear)), "that call may have taken it");
}

#[test]
fn only_what_can_be_handed_over_is_asked_for() {
    let mut world = shop(&["A"]);
    assert!(world.no_because(Reason::StateForbids, wish(2)).contains("has 1 codes"));
    world.no_because(Reason::Malformed, wish(0));
    world.channel("shop", |rules| rules.beside.codes = false);
    assert!(world.no_because(Reason::StateForbids, wish(1)).contains("upload_codes"));
    world.channel("shop", |rules| rules.beside.codes = true);
    let other = UploadWish { connection: id("shop"), listing: id("nothing"), count: 1, last_day: None };
    world.no_because(Reason::OffSale, Body::StartUpload { pool: id("codes-a"), wish: other });
}
