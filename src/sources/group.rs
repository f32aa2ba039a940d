//! A program and whatever it starts: they end together.

use tokio::process::Child;

/// Ends the program's group when it is dropped, unless it was let go.
pub struct Group {
    #[cfg(unix)]
    leader: std::sync::Arc<std::sync::Mutex<Option<rustix::process::Pid>>>,
}

#[cfg(unix)]
impl Group {
    /// The group of a program that leads its own.
    pub fn of(child: &Child) -> Self {
        use rustix::process::{Pid, Signal, getpid, kill_process};
        let leader = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
        let leader = std::sync::Arc::new(std::sync::Mutex::new(leader));
        let watched = std::sync::Arc::clone(&leader);
        // The terminal tells its own group alone that somebody wants to end it.
        tokio::spawn(async move {
            if tokio::signal::ctrl_c().await.is_ok() {
                end(&watched);
                let _ = kill_process(getpid(), Signal::TERM);
            }
        });
        Self { leader }
    }

    /// The program has ended by itself.
    pub fn let_go(self) {
        if let Ok(mut leader) = self.leader.lock() {
            *leader = None;
        }
    }
}

#[cfg(unix)]
impl Drop for Group {
    fn drop(&mut self) {
        end(&self.leader);
    }
}

#[cfg(unix)]
fn end(leader: &std::sync::Mutex<Option<rustix::process::Pid>>) {
    let leader = leader.lock().ok().and_then(|mut leader| leader.take());
    if let Some(leader) = leader {
        let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
    }
}

/// Elsewhere the program alone is ended, by who started it.
#[cfg(not(unix))]
impl Group {
    pub fn of(_: &Child) -> Self {
        Self {}
    }

    pub fn let_go(self) {}
}
