//! `precast serve`: the dev server.

use super::Outcome;
use anyhow::Result;
use jiff::Timestamp;
use std::path::Path;

#[derive(clap::Args)]
#[cfg_attr(
    not(feature = "serve"),
    allow(dead_code, reason = "the options are told even where the command is left out")
)]
pub struct Serve {
    /// The name or address to listen on
    #[arg(long, default_value = "127.0.0.1")]
    host: String,
    /// The port to listen on; 0 takes any that is free
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The instant to show the site at (RFC 3339) [default: the clock's]
    #[arg(long, value_name = "RFC3339")]
    now: Option<Timestamp>,
    /// Show drafts too
    #[arg(long)]
    drafts: bool,
    /// A further host name that requests may ask for; may be given more than once
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
    /// Where writes are kept, instead of the site's folder for them: `s3://bucket/prefix`
    #[arg(long, value_name = "URL")]
    inbox: Option<String>,
    /// Where S3 answers, instead of AWS
    #[arg(long, value_name = "URL", requires = "inbox")]
    endpoint_url: Option<String>,
    /// Print how long each stage of each build took
    #[arg(long)]
    timings: bool,
}

impl Serve {
    #[cfg(feature = "serve")]
    pub fn run(self, root: &Path) -> Result<Outcome> {
        use super::endpoint::Endpoint;
        use crate::serve::{Options, Told, serve};
        let endpoint = Endpoint::new(root, &self.host)?;
        let mounted = endpoint.mounted(self.inbox.as_deref(), self.endpoint_url.as_deref())?;
        let options = Options {
            root: root.to_owned(),
            host: self.host,
            port: self.port,
            now: self.now,
            drafts: self.drafts,
            allowed_hosts: self.allow_host,
            mounted: Some(mounted),
        };
        let timings = self.timings;
        serve(options, move |what| {
            let reread = match &what {
                Told::Listening(address) => endpoint.token_to_tell().map(|token| welcome(*address, token)),
                // Which paths led to a build is not always known.
                Told::Built { .. } => endpoint.reread(),
                Told::Failed(_) => Ok(()),
            };
            tell(what, timings);
            if let Err(error) = reread {
                say!("error: {error:#}");
            }
        })?;
        Ok(Outcome::Done)
    }

    #[cfg(not(feature = "serve"))]
    #[expect(clippy::unused_self, reason = "the same call with and without the feature")]
    pub fn run(self, _root: &Path) -> Result<Outcome> {
        Ok(Outcome::Usage(
            "this build has no `serve`: build it with `cargo install --path . --features serve`".to_owned(),
        ))
    }
}

/// Tells how to write, where the token of this machine does.
#[cfg(feature = "serve")]
fn welcome(address: std::net::SocketAddr, token: Option<&str>) {
    if let Some(token) = token {
        say!("writing at http://{address}/write/ with the token {token}");
    }
}

#[cfg(feature = "serve")]
#[expect(clippy::needless_pass_by_value, reason = "it is made to be told")]
fn tell(what: crate::serve::Told<'_>, timings: bool) {
    use super::human;
    use crate::serve::Told;
    match what {
        Told::Listening(address) => say!("serving http://{address}/ (press Ctrl-C to end)"),
        Told::Failed(error) => say!("error: {error:#}"),
        Told::Built { report, took, changed } => {
            human::diagnostics(report.diagnostics.iter().take(20));
            human::left_out(report.diagnostics.len().saturating_sub(20));
            let what = match changed {
                [] => String::new(),
                [one] => format!(" after a change of {one}"),
                [one, rest @ ..] => format!(" after changes of {one} and {} more", rest.len()),
            };
            if timings {
                human::timings(&report.timings);
            }
            let milliseconds = took.as_millis();
            if let Some(release) = &report.release {
                say!("built {} answers in {milliseconds} ms{what}", release.artifacts);
            } else {
                say!("{}{what}: what was good before goes on being served", human::plural(report.errors(), "fault"));
            }
        }
    }
}
