//! Whether everything that should show the live release does.

use super::channel::Live;
use super::{Target, probe, short, switch};
use crate::model::{Layout, encode_path};
use anyhow::Result;
use serde::Serialize;
use std::path::Path;

/// What one place shows.
#[derive(Clone, Debug, Serialize)]
pub struct Seen {
    /// `channel`, `function`, `url`, or the location of a replica.
    pub place: String,
    pub release: Option<String>,
    /// Why it does not show the live release; `None` where it does.
    pub wrong: Option<String>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Status {
    pub environment: String,
    pub release: Option<String>,
    pub published_at: Option<String>,
    pub published_by: Option<String>,
    /// When the sources of the live release were read.
    pub read_at: Option<String>,
    pub seen: Vec<Seen>,
}

impl Status {
    pub fn is_whole(&self) -> bool {
        self.release.is_some() && self.seen.iter().all(|seen| seen.wrong.is_none())
    }
}

/// Compares the channel, the edge and the replicas.
///
/// # Errors
/// When the target does not tell what is live.
pub async fn status(target: &Target, root: &Path, endpoint: Option<&str>) -> Result<Status> {
    let channel = target.channel().await?;
    let live = channel.current.clone();
    let mut status = Status {
        environment: target.environment.name.clone(),
        release: live.as_ref().map(|live| live.release.clone()),
        published_at: live.as_ref().map(|live| live.published_at.clone()),
        published_by: live.as_ref().map(|live| live.published_by.clone()),
        read_at: live.as_ref().and_then(|live| live.read_at.clone()),
        seen: Vec::new(),
    };
    let Some(live) = live else {
        status.seen.push(seen("channel", None, Some("nothing is published yet".to_owned())));
        return Ok(status);
    };
    let unfinished = (!channel.is_settled())
        .then(|| "a publish was interrupted: run `precast publish` again, and it is finished".to_owned());
    status.seen.push(seen("channel", Some(live.release.clone()), unfinished));
    status.seen.extend(function(target, &live).await);
    status.seen.extend(url(target, &live).await);
    for (location, replica) in target.replicas(root, endpoint).await {
        status.seen.push(at_replica(&location, replica, &live).await);
    }
    Ok(status)
}

fn seen(place: &str, release: Option<String>, wrong: Option<String>) -> Seen {
    Seen { place: place.to_owned(), release, wrong }
}

async fn function(target: &Target, live: &Live) -> Option<Seen> {
    let (edge, name) = target.function()?;
    let wanted = match target.layout() {
        Layout::Release => switch::code_of(target, live).await,
        Layout::Flat => match target.live_release().await {
            Ok(release) => switch::code(&release, None).await,
            Err(error) => Err(error),
        },
    };
    let wrong = match (wanted, edge.live_code(name).await) {
        (Ok(wanted), Ok(code)) if wanted == code => None,
        (Ok(_), Ok(_)) => {
            Some(format!("the function {name} is not that of the live release: run `precast publish` again"))
        }
        (Err(error), _) | (_, Err(error)) => Some(format!("{error:#}")),
    };
    Some(seen("function", wrong.is_none().then(|| live.release.clone()), wrong))
}

async fn url(target: &Target, live: &Live) -> Option<Seen> {
    let folder = live.manifest_key.strip_suffix("manifest.json")?;
    let url = format!("{}{}", target.environment.url.as_ref()?, encode_path(&format!("{folder}status.json")));
    Some(match probe::release_at(&url).await {
        Ok(release) => {
            let wrong = (release != live.release).then(|| format!("{url} answers with {}", short(&release)));
            seen("url", Some(release), wrong)
        }
        Err(error) => seen("url", None, Some(format!("{error:#}"))),
    })
}

async fn at_replica(location: &str, replica: Result<Target>, live: &Live) -> Seen {
    let channel = match replica {
        Ok(replica) => replica.channel().await,
        Err(error) => Err(error),
    };
    match channel {
        Err(error) => seen(location, None, Some(format!("{error:#}"))),
        Ok(channel) => {
            let release = channel.current.as_ref().map(|live| live.release.clone());
            let wrong = match &release {
                None => Some("nothing is published there yet".to_owned()),
                Some(release) if *release != live.release => Some(format!("it holds {}", short(release))),
                Some(_) if !channel.is_settled() => Some("a publish was interrupted there".to_owned()),
                Some(_) => None,
            };
            seen(location, release, wrong)
        }
    }
}
