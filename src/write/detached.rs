//! Answers that are finished whether or not anybody waits for them: a client may hang up when its write is kept.

use super::Desk;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

/// Answers, also where the client hangs up meanwhile: what is kept is followed by what follows it.
pub async fn answered(desk: Arc<Desk>, request: Request) -> Response {
    let answer = to_its_end(async move { desk.answer(request).await }).await;
    answer.unwrap_or_else(|| StatusCode::INTERNAL_SERVER_ERROR.into_response())
}

/// What a work comes to, which ends even if nobody waits for it any more; nothing where it broke.
async fn to_its_end<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> Option<T> {
    tokio::spawn(work).await.ok()
}

#[cfg(test)]
mod tests {
    use super::to_its_end;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::task::{Context, Waker};

    #[test]
    fn what_nobody_waits_for_ends_all_the_same() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let ended = Arc::new(AtomicBool::new(false));
            let told = Arc::clone(&ended);
            let mut work = Box::pin(to_its_end(async move {
                tokio::task::yield_now().await;
                told.store(true, Ordering::Relaxed);
            }));
            assert!(work.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            drop(work);
            for _ in 0..4 {
                tokio::task::yield_now().await;
            }
            assert!(ended.load(Ordering::Relaxed));
        });
    }
}
