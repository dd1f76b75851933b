//! Three nodes on one PostgreSQL under one load, of which one is killed at random.

use std::sync::Arc;
use std::time::Instant;

use douyin_simulator::{OrderState, Scene};
use entrepot_endurance::checks;
use entrepot_endurance::dice::Dice;
use entrepot_endurance::house;
use entrepot_endurance::load::Load;
use entrepot_endurance::run::{Run, tell};
use entrepot_endurance::world::World;
use entrepot_journeys::databases::{Given, Kind, kinds};
use entrepot_journeys::office::{Offer, Office};
use entrepot_journeys::serving::Server;
use entrepot_journeys::stage::Stage;
use entrepot_journeys::wait::until;
use serde_json::json;
use simple_gate_simulator::Fault;

const NODES: [&str; 3] = ["node-1", "node-2", "node-3"];

/// For each kill here the crash suite has so many.
const SHARE: usize = 10;

/// Most requests and answers with all nodes alive, and with one dead.
const LATEST_KILL: usize = 100;
const LONGEST_ABSENCE: usize = 40;

/// Units of the hot ticket: it is sold out before the end.
const STOCK: u32 = 250;

/// Three servers on one database.
struct Nodes {
    stage: Stage,
    others: Vec<Server>,
}

impl Nodes {
    async fn set(given: Given) -> Self {
        let more = house::configuration(Some(NODES[0]), 1_000);
        let stage = Stage::set_with(given, &more).await;
        let others = NODES[1..].iter().map(|node| stage.serve_as(Some(node))).collect();
        let nodes = Self { stage, others };
        nodes.call(&[0, 1, 2]);
        nodes
    }

    fn server(&mut self, number: usize) -> &mut Server {
        if number == 0 { &mut self.stage.server } else { &mut self.others[number - 1] }
    }

    fn url(&self, number: usize) -> &str {
        if number == 0 { &self.stage.server.url } else { &self.others[number - 1].url }
    }

    fn office(&self, number: usize) -> Office {
        Office::new(self.url(number), &self.stage.office.token)
    }

    /// The platform's calls go to these.
    fn call(&self, numbers: &[usize]) {
        self.stage.platform.set_targets(numbers.iter().map(|number| self.url(*number)));
    }

    /// Requests of every kind go to all of them, dead or alive.
    fn open(&self, world: &World) {
        self.call(&[0, 1, 2]);
        world.open((0..NODES.len()).map(|number| self.office(number)).collect());
    }

    fn start_again(&mut self, number: usize) {
        let server = self.stage.serve_as(Some(NODES[number]));
        *self.server(number) = server;
    }

    /// All three let a guest in at the same time, and have to tell the platform: they fetch one token.
    async fn tell_the_platform_at_once(&self, offer: &Offer) {
        let mut bought = Vec::new();
        for number in 0..NODES.len() {
            self.call(&[number]);
            let purchase = self.stage.purchase(offer, 1);
            // What one node wrote into the catalogue, the others see within a second.
            until("the node sells the ticket", async || {
                self.stage.platform.check_booking(&purchase).await.is_ok().then_some(())
            })
            .await;
            bought.push(self.stage.platform.buy(&purchase).await.order.unwrap());
        }
        let offices: Vec<Office> = (0..NODES.len()).map(|number| self.office(number)).collect();
        let redeem = offices.iter().zip(&bought).map(|(office, order)| {
            office.post("/merchants/lakeside/redemptions", json!({ "order": order.order_out_id }))
        });
        futures_util::future::join_all(redeem).await;
        for order in &bought {
            until("the platform knows that the ticket is used", async || {
                let state = self.stage.platform.order(&order.order_id).map(|order| order.state);
                (state == Some(OrderState::Used)).then_some(())
            })
            .await;
        }
        assert_eq!(self.stage.platform.token_fetches(), 1, "one token for all nodes");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_three_nodes_one_may_die_at_any_point() {
    if !kinds().contains(&Kind::Postgres) {
        return;
    }
    let run = Run::of("nodes", SHARE);
    for (number, kills) in run.series().into_iter().enumerate() {
        series(number, kills, &mut run.dice_of(number)).await;
    }
}

async fn series(number: usize, kills: usize, dice: &mut Dice) {
    let begun = Instant::now();
    let mut nodes = Nodes::set(Kind::Postgres.give().await).await;
    let mut shelves = house::shelves();
    house::fill(&nodes.stage, &shelves, STOCK).await;
    let hot = shelves[0].clone();
    nodes.tell_the_platform_at_once(&hot.0).await;
    // Half of the guests want the one ticket.
    shelves.extend([hot.clone(), hot]);
    let world = Arc::new(World::new(nodes.stage.platform.clone(), Arc::clone(&nodes.stage.gate.desk)));
    let mut load = Load::start(&world, &nodes.stage, &shelves, dice.between(8, 16), dice);
    let mut known = 0;
    for _ in 0..kills {
        trouble(&nodes.stage, dice);
        nodes.open(&world);
        load.go_on(&world, dice.between(1, LATEST_KILL)).await;
        let dead = dice.below(NODES.len());
        nodes.server(dead).kill();
        load.go_on(&world, dice.between(1, LONGEST_ABSENCE)).await;
        world.close();
        let alive: Vec<usize> = (0..NODES.len()).filter(|number| *number != dead).collect();
        nodes.call(&alive);
        let office = nodes.office(dice.pick(&alive));
        // What the dead node had is taken over once its leases have run out.
        checks::jobs_rest(&office).await;
        known = checks::after_a_kill(&world, &office, known, dice).await;
        nodes.start_again(dead);
    }
    nodes.open(&world);
    load.end().await;
    let orders = checks::at_rest(&world, &nodes.office(0)).await;
    assert_eq!(nodes.stage.platform.token_fetches(), 1, "one token for all nodes, over all kills");
    for number in 0..NODES.len() {
        assert_eq!(nodes.server(number).terminate().code(), Some(0));
    }
    let (said, seconds) = (world.said(0).len(), begun.elapsed().as_secs_f64());
    tell(&format!("series {number}, three nodes: {kills} kills, {said} answers, {orders} orders, {seconds:.1} s"));
}

/// What goes wrong beside the kill: a call that two nodes get at once, a booking that nobody hears about.
fn trouble(stage: &Stage, dice: &mut Dice) {
    if dice.one_in(2) {
        use Scene::{ApplyRefund, CreateOrder, IssueCertificate, NotifyRefund, PayOrder};
        let scene = dice.pick(&[CreateOrder, PayOrder, IssueCertificate, ApplyRefund, NotifyRefund]);
        stage.platform.inject_for(scene, douyin_simulator::Fault::DeliverTwiceAtOnce);
    }
    if dice.one_in(3) {
        stage.gate.desk.next_fault(Fault::HangAfterEffect);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_booking_of_a_dead_node_is_finished_by_another() {
    if !kinds().contains(&Kind::Postgres) {
        return;
    }
    let mut nodes = Nodes::set(Kind::Postgres.give().await).await;
    let offer = Offer::at_the_gate();
    nodes.stage.office.offer(&offer, &nodes.stage.day, 10).await;
    nodes.call(&[0]);
    let made = nodes.stage.platform.create_order(&nodes.stage.purchase(&offer, 2)).await;
    assert!(nodes.stage.platform.pay(&made.order_id).await.unwrap().is_ok());
    nodes.stage.gate.desk.next_fault(Fault::HangAfterEffect);
    let (platform, order) = (nodes.stage.platform.clone(), made.order_id.clone());
    let issuing = tokio::spawn(async move { platform.issue(&order).await });
    until("the booking reaches the gate", async || (!nodes.stage.gate.desk.orders().is_empty()).then_some(())).await;
    nodes.server(0).kill();
    let _ = issuing.await.unwrap();
    let office = nodes.office(1);
    until("another node finishes it", async || (office.order(&made.order_id).await["state"] == "issued").then_some(()))
        .await;
    nodes.call(&[1, 2]);
    let reply = nodes.stage.platform.issue(&made.order_id).await.unwrap();
    assert_eq!(reply.data()["result"], 1, "{reply:?}");
    let posts = nodes.stage.gate.desk.recorded().iter().filter(|call| call.method == "POST").count();
    assert_eq!(posts, 1, "it was asked about: {:?}", nodes.stage.gate.desk.recorded());
    office.assert_sound().await;
}
