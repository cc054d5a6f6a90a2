use std::{borrow::Cow, sync::Arc, time::Duration};

use axum::http::{HeaderMap, StatusCode};
use url::form_urlencoded;

use crate::{
    compat::blackbox::{Module, Modules, Prober, TIMEOUT_HEADER, TimeoutError, timeout},
    probe::spec::Aim,
};

/// The module of a request that names none.
const DEFAULT_MODULE: &str = "http_2xx";

/// The parameters that say what to probe.
const PROBED: [&str; 5] = ["target", "module", "hostname", "query_name", "query_type"];

/// What a request for `/probe` asks for. Of a parameter that comes twice the first counts, and each is decoded once.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Asked<'a> {
    module: Cow<'a, str>,
    pub(super) target: Cow<'a, str>,
    hostname: Cow<'a, str>,
    query_name: Cow<'a, str>,
    query_type: Cow<'a, str>,
    /// The name of a scheduled check.
    pub(super) check: Cow<'a, str>,
    /// Whether the answer is to be the story of the probe; only the very word `true` asks for it.
    pub(super) debug: bool,
    /// The first parameter there is that says what to probe.
    probed: Option<&'static str>,
}

impl<'a> Asked<'a> {
    pub(super) fn read(query: Option<&'a str>) -> Self {
        let mut asked = Self { module: DEFAULT_MODULE.into(), ..Self::default() };
        let mut seen = [false; 7];
        for (name, value) in pairs(query) {
            let (at, slot) = match &*name {
                "target" => (0, &mut asked.target),
                "module" => (1, &mut asked.module),
                "hostname" => (2, &mut asked.hostname),
                "query_name" => (3, &mut asked.query_name),
                "query_type" => (4, &mut asked.query_type),
                "check" => (5, &mut asked.check),
                "debug" => {
                    asked.debug |= !seen[6] && value == "true";
                    seen[6] = true;
                    continue;
                }
                _ => continue,
            };
            if !std::mem::replace(&mut seen[at], true) && !value.is_empty() {
                *slot = value;
                asked.probed = asked.probed.or_else(|| PROBED.get(at).copied());
            }
        }
        asked
    }

    /// What the check of the module is aimed at.
    pub(super) fn aim(&self) -> Aim<'_> {
        fn given(text: &str) -> Option<&str> {
            (!text.is_empty()).then_some(text)
        }
        Aim {
            target: &self.target,
            hostname: given(&self.hostname),
            query_name: given(&self.query_name),
            query_type: given(&self.query_type),
        }
    }

    /// Whether it is the last result of a check that is asked for, and no probe.
    ///
    /// # Errors
    /// It is both.
    pub(super) fn last_result(&self) -> Result<bool, Refusal> {
        match self.probed {
            Some(parameter) if !self.check.is_empty() => Err(Refusal::WithCheck(parameter)),
            _ => Ok(!self.check.is_empty()),
        }
    }

    /// The module and the time it has, or why the request is refused: in blackbox_exporter's words and order.
    ///
    /// # Errors
    /// The status and the text of the answer.
    pub(super) fn resolve(
        &self,
        modules: &Modules,
        headers: &HeaderMap,
        offset: f64,
    ) -> Result<(Arc<Module>, Duration), Refusal> {
        let module = modules.modules.get(&*self.module);
        let unknown_prober = modules.unknown_probers.get(&*self.module);
        if module.is_none() && unknown_prober.is_none() {
            return Err(Refusal::UnknownModule(self.module.chars().take(200).collect()));
        }
        let header = headers.get(TIMEOUT_HEADER).map(|value| value.to_str().unwrap_or("?"));
        let own = module.and_then(|module| module.timeout);
        let time = timeout(header, own, offset).map_err(Refusal::Timeout)?;
        if self.target.is_empty() {
            return Err(Refusal::NoTarget);
        }
        let Some(module) = module else {
            let word = unknown_prober.cloned().unwrap_or_default();
            return Err(Refusal::UnknownProber(word));
        };
        self.host_agrees(module)?;
        self.query_permitted(module)?;
        Ok((Arc::clone(module), time))
    }

    fn host_agrees(&self, module: &Module) -> Result<(), Refusal> {
        let (Prober::Http, Some(own)) = (module.prober, &module.host) else {
            return Ok(());
        };
        if self.hostname.is_empty() || self.hostname == *own {
            return Ok(());
        }
        let asked = self.hostname.chars().take(200).collect();
        Err(Refusal::OtherHost { own: own.clone(), asked })
    }

    fn query_permitted(&self, module: &Module) -> Result<(), Refusal> {
        if module.prober != Prober::Dns {
            // Ignored, as every parameter that a prober has no use for.
            return Ok(());
        }
        let asks = [("query_name", &self.query_name), ("query_type", &self.query_type)];
        match asks.iter().find(|(_, value)| !value.is_empty()) {
            Some((parameter, _)) if !module.query_parameters => {
                Err(Refusal::QueryParameter { parameter, module: Arc::clone(&module.name) })
            }
            Some(_) => self.question_asked(module),
            None => Ok(()),
        }
    }

    /// Whether the parameters make a question, whoever is asked it.
    fn question_asked(&self, module: &Module) -> Result<(), Refusal> {
        let aim = Aim { target: "127.0.0.1", hostname: None, ..self.aim() };
        let Err(why) = module.spec.aimed(&aim) else { return Ok(()) };
        // A name may fit one type and not another: of two that do not go together it is the name that is told of.
        let type_alone = module.spec.aimed(&Aim { query_name: None, ..aim });
        Err(match type_alone {
            Err(why) if !self.query_type.is_empty() => {
                Refusal::NoQuestion { parameter: "query_type", why }
            }
            _ => Refusal::NoQuestion { parameter: "query_name", why },
        })
    }
}

/// The parameters of a query. As in Go, a pair with half an escape or a semicolon in it is none.
pub(in crate::api) fn pairs(
    query: Option<&str>,
) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    let whole = |pair: &&str| !pair.contains(';') && pair.split('%').skip(1).all(is_escape);
    let pairs = query.unwrap_or_default().split('&').filter(whole);
    pairs.flat_map(|pair| form_urlencoded::parse(pair.as_bytes()))
}

/// Whether what follows a percent sign makes an escape of it.
fn is_escape(rest: &str) -> bool {
    rest.len() >= 2 && rest.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
}

/// Why there is no probe.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("Unknown module {0:?}")]
    UnknownModule(String),
    #[error("Unknown prober {0:?}")]
    UnknownProber(Arc<str>),
    #[error("Failed to parse timeout from Prometheus header: {0}")]
    Timeout(TimeoutError),
    #[error("Target parameter is missing")]
    NoTarget,
    #[error(
        "host header defined both in module configuration ({own}) and with URL-parameter 'hostname' ({asked})"
    )]
    OtherHost { own: String, asked: String },
    #[error(
        "module {module:?} does not permit the parameter {parameter}: set `dns.allow_query_parameters: true` in it"
    )]
    QueryParameter { parameter: &'static str, module: Arc<str> },
    #[error("the parameter {parameter} cannot be asked for: {why}")]
    NoQuestion { parameter: &'static str, why: String },
    #[error(
        "the parameter {0} does not go with `check`, which shows the last result of a scheduled check"
    )]
    WithCheck(&'static str),
}

impl Refusal {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            // As blackbox_exporter has it, though it is the client that sent it.
            Self::Timeout(TimeoutError::NotANumber(..)) => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_once_and_the_first_counts() {
        let asked = Asked::read(Some(
            "target=http%3A%2F%2Fa%2Fa%252Bb+c&target=x&module=&debug=true&debug=false&other=1",
        ));
        assert_eq!(asked.target, "http://a/a%2Bb c");
        assert_eq!(asked.module, DEFAULT_MODULE);
        assert!(asked.debug);
        assert_eq!(asked.aim().hostname, None);
        assert!(!Asked::read(Some("debug=True&debug=true")).debug);
        let halves = Asked::read(Some("module=%4&target=a;b&hostname=%zz&query_name=a%20b"));
        assert_eq!((&*halves.module, &*halves.target), (DEFAULT_MODULE, ""));
        assert_eq!((&*halves.hostname, &*halves.query_name), ("", "a b"));
        assert_eq!(Asked::read(None), Asked { module: DEFAULT_MODULE.into(), ..Asked::default() });
    }
}
