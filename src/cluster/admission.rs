//! What the kinds that take part in admission have in common: webhooks, and the parameters of policies.

use serde::Deserialize;

use super::{pool::Word, rows::Rows, wire::List};

/// What is kept of a configuration of webhooks.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
pub(super) struct Webhooks {
    webhooks: List<Webhook>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Webhook {
    name: Word,
    client_config: ClientConfig,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct ClientConfig {
    service: Option<Service>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(default)]
struct Service {
    name: Word,
    namespace: Word,
}

impl Webhooks {
    /// A row for each webhook with the service that answers it; empty where it is called by URL.
    pub(super) fn services(&self, rows: &mut Rows<'_>) {
        for webhook in &self.webhooks {
            let service = webhook.client_config.service.as_ref();
            rows.info(&[
                ("webhook_name", &webhook.name),
                ("service_name", service.map_or("", |service| &service.name)),
                ("service_namespace", service.map_or("", |service| &service.namespace)),
            ]);
        }
    }
}

/// What is wanted of a policy.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct PolicySpec {
    param_kind: Option<ParamKind>,
    failure_policy: Word,
    /// Only policies that change objects have it.
    pub(super) reinvocation_policy: Word,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ParamKind {
    api_version: Word,
    kind: Word,
}

impl PolicySpec {
    /// What its parameters are, and what happens when it fails.
    pub(super) fn labels(&self) -> [(&str, &str); 3] {
        let kind = self.param_kind.as_ref();
        [
            ("param_api_version", kind.map_or("", |kind| &kind.api_version)),
            ("param_kind", kind.map_or("", |kind| &kind.kind)),
            ("failure_policy", &self.failure_policy),
        ]
    }
}

/// Which policy is bound, and to which parameters.
#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BindingSpec {
    policy_name: Word,
    param_ref: Option<ParamRef>,
    /// What a policy that checks objects does where its check fails; other policies do not have it.
    pub(super) validation_actions: List<Word>,
}

#[derive(Debug, PartialEq, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ParamRef {
    name: Word,
    namespace: Word,
    parameter_not_found_action: Word,
}

impl BindingSpec {
    /// The policy, its parameters, and what happens where these do not exist.
    pub(super) fn labels(&self) -> [(&str, &str); 4] {
        let params = self.param_ref.as_ref();
        [
            ("policy_name", &self.policy_name),
            ("param_name", params.map_or("", |params| &params.name)),
            ("param_namespace", params.map_or("", |params| &params.namespace)),
            (
                "param_not_found_action",
                params.map_or("", |params| &params.parameter_not_found_action),
            ),
        ]
    }
}
