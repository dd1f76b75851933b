//! What a plugin says of itself, opens with, and how it closes.

use entrepot_sdk::contract::capability::Fulfils;
use entrepot_sdk::contract::fault::{Fault, FaultKind};
use entrepot_sdk::contract::ids::SceneName;
use entrepot_sdk::contract::manifest::{Manifest, PluginKind};
use entrepot_sdk::contract::message::{OpenRequest, Request};
use entrepot_sdk::contract::supplier::SupplierRequest;
use serde_json::{Value, json};

use crate::spoilt::{Deed, Defect, defect_table};

pub(super) const DEFECTS: &[Defect] = defect_table! {
    says_it_sells breaks card_kind_fits_its_capabilities: Card(|card, _| card.kind = PluginKind::Channel);
    next_major breaks card_speaks_this_contract: Card(|card, _| card.contract.major = 99);
    aborts breaks card_survives_a_panic: Card(|card, _| card.panic = "abort".to_owned());
    no_summary breaks card_says_version_and_purpose: Card(|card, _| card.summary.clear());
    counting_version breaks card_is_the_same_at_every_reading: Card(|card, read| card.version = read.to_string());
    rooted_path breaks scenes_can_be_routed: Card(|card, _| card.scenes[0].path.insert(0, '/'));
    two_scenes_one_path breaks scenes_are_told_apart: Card(twin_scene);
    schema_of_nothing breaks settings_schemas_can_be_read: Card(|card, _| setting(card)["type"] = json!(7));
    any_key breaks settings_schemas_refuse_strangers: Card(|card, _| {
        card.instance_settings["additionalProperties"] = json!(true);
    });
    silent_setting breaks every_setting_is_described: Card(|card, _| setting(card)["description"] = json!(""));
    secret_in_settings breaks secrets_are_no_settings: Card(|card, _| add_setting(card, "key"));
    phones_in_clear breaks clear_fields_hold_nothing_private: Card(|card, _| card.log.clear.push("Phone".to_owned()));
    narrow_schema breaks example_settings_fit_their_schema: Card(|card, _| setting(card)["maximum"] = json!(10));
    forgets_its_settings breaks example_settings_open: Opening(|open| open.settings = json!({}));
    hidden_setting breaks example_shows_every_setting: Card(|card, _| add_setting(card, "colour"));
    makes_settings_up breaks missing_setting_is_refused_by_name: Opening(|open| {
        if open.settings.get("distributor").is_none() {
            open.settings["distributor"] = json!("somebody");
        }
    });
    overlooks_strangers breaks unknown_setting_is_refused_by_name: Opening(|open| {
        open.settings.as_object_mut().and_then(|settings| settings.remove("no_such_setting"));
    });
    guesses_types breaks setting_of_another_type_is_refused_by_name: Opening(|open| {
        timeout_if(open, Value::is_array);
    });
    no_bounds breaks bad_settings_are_refused_by_name: Opening(|open| timeout_if(open, |value| *value == 1));
    repeats_settings breaks refused_settings_are_not_repeated: OpenFault(|open, fault| {
        fault.text.push_str(&open.settings.to_string());
    });
    nameless_secret breaks missing_secret_is_refused_by_name: OpenFault(|_, fault| fault.text = "no".to_owned());
    curious breaks only_declared_secrets_are_asked_for: WhileOpening(Deed::AsksForStranger);
    says_hello breaks opening_calls_nobody: WhileOpening(Deed::CallsPartner);
    counting_answers breaks opening_again_tells_the_same: Opened(|opened, before| {
        opened.answers[0].busy.body = before.to_string().into_bytes();
    });
    url_of_its_own breaks missing_base_url_is_refused_by_name: Opening(|open| {
        open.base_url = Some("http://partner.test".to_owned());
    });
    logs_its_secret_at_opening breaks opening_keeps_secrets_to_itself: WhileOpening(Deed::LogsSecret);
    ten_places breaks many_instances_open_side_by_side: Opens(10);
    no_ready_answers breaks every_scene_has_ready_answers: Opened(|opened, _| opened.answers.clear());
    status_of_nothing breaks ready_answers_can_be_sent: Opened(|opened, _| opened.answers[0].busy.status = 0);
    encodes breaks other_kinds_calls_are_unsupported: Answered(|asked, answer, _| {
        if matches!(asked, Request::Channel(_)) {
            *answer = Err(Fault::not_done(FaultKind::Internal, "what is that?"));
        }
    });
    stumbles_over_the_future breaks calls_of_a_later_contract_are_unsupported: Answered(|asked, answer, _| {
        if matches!(asked, Request::Unknown | Request::Supplier(SupplierRequest::Unknown)) {
            *answer = Err(Fault::unknown(FaultKind::Internal, "what is that?"));
        }
    });
    does_more_than_it_says breaks undeclared_calls_are_unsupported: Card(|card, _| {
        if let Some(Fulfils::Calls(calls)) = card.capabilities.supplier.as_mut().map(|supplier| &mut supplier.fulfils) {
            calls.usage = None;
        }
    });
    unclear_without_connection breaks call_without_its_connection_is_invalid: Answered(|_, answer, _| {
        *answer = Err(Fault::unknown(FaultKind::Internal, "something is wrong"));
    });
    never_closes breaks closed_instance_refuses_calls: StaysOpen;
    closes_once breaks closing_twice_is_harmless: ClosesOnce;
    closes_all breaks closing_one_leaves_the_other: ClosesAll;
    closes_for_ever breaks closed_plugin_opens_again: ClosesAll;
};

pub(super) const DEFECTS_OF_CHANNELS: &[Defect] = defect_table! {
    no_defaults breaks settings_left_out_take_their_defaults: Opening(|open| {
        if open.settings == json!({}) {
            open.settings = json!({"timeout_ms": 0});
        }
    });
};

fn setting(card: &mut Manifest) -> &mut Value {
    &mut card.instance_settings["properties"]["timeout_ms"]
}

fn add_setting(card: &mut Manifest, name: &str) {
    card.instance_settings["properties"][name] = json!({"type": "string", "description": "What is that?"});
}

fn timeout_if(open: &mut OpenRequest, is_odd: fn(&Value) -> bool) {
    if open.settings.get("timeout_ms").is_some_and(is_odd) {
        open.settings["timeout_ms"] = json!(5_000);
    }
}

fn twin_scene(card: &mut Manifest, _: usize) {
    let mut twin = card.scenes[0].clone();
    if let Ok(name) = SceneName::parse("twin") {
        twin.name = name;
    }
    card.scenes.push(twin);
}
