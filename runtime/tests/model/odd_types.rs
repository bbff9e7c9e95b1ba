//! Types and declarations at the edge: each of these was once unsound, wrong or stuck.

use sprat::{ErrorKind, Event, Runtime, Value};
use std::convert::Infallible;
use std::sync::Mutex;

fn runtime() -> Runtime {
    Runtime::builder()
        .xes(2)
        .oversubscribe(true)
        .ignore_environment()
        .build()
        .unwrap()
}

#[derive(Clone, Copy)]
#[repr(C, align(32))]
struct Wide([u64; 4]);

// SAFETY: numbers may be zeros.
unsafe impl bytemuck::Zeroable for Wide {}
// SAFETY: numbers, as long as the alignment.
unsafe impl bytemuck::Pod for Wide {}

#[derive(Clone, Copy)]
#[repr(C, align(128))]
struct TooWide([u64; 16]);

// SAFETY: numbers may be zeros.
unsafe impl bytemuck::Zeroable for TooWide {}
// SAFETY: numbers, as long as the alignment.
unsafe impl bytemuck::Pod for TooWide {}

#[test]
fn an_untouched_block_of_aligned_elements_can_be_destroyed() {
    let rt = runtime();
    let block = rt.block::<Wide>(3).unwrap();
    rt.destroy(block).unwrap();
}

#[test]
fn elements_aligned_beyond_a_block_are_refused() {
    let error = runtime().block::<TooWide>(1).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::BlockSize);
    assert!(error.to_string().contains("aligned to 128 bytes"));
}

#[test]
fn values_without_size_are_where_their_type_may_lie() {
    let rt = runtime();
    rt.finish(|s| {
        let value = s.spawn((), |_, ()| Ok([0u64; 0]));
        s.spawn(value.read(), |_, v: &[u64; 0]| {
            assert!(std::ptr::from_ref(v).is_aligned());
        });
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_value_that_cannot_be_is_never_lent() {
    let rt = runtime();
    let leaked: Mutex<Option<Value<Infallible>>> = Mutex::new(None);
    let first = rt.finish(|s| {
        let never = s.spawn((), |_, ()| -> sprat::Result<Infallible> {
            Err(sprat::Error::msg("as it must"))
        });
        *leaked.lock().unwrap() = Some(never.value());
        Ok(())
    });
    assert!(first.is_err());
    let value = leaked.lock().unwrap().take().unwrap();
    let second = rt.finish(|s| {
        s.spawn(value.read(), |_, never: &Infallible| match *never {});
        Ok(())
    });
    assert_eq!(second.unwrap_err().kind(), ErrorKind::Failed);
}

#[test]
fn several_blocks_named_twice_are_one_refusal() {
    let rt = runtime();
    let (a, b) = (rt.block::<u8>(1).unwrap(), rt.block::<u8>(1).unwrap());
    let error = rt
        .finish(|s| {
            s.spawn((a.write(), a.read(), b.read(), b.write()), |_, _| ());
            Ok(())
        })
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Failed, "{error}");
    assert!(rt.read(a, |_| ()).is_err() && rt.read(b, |_| ()).is_err());
}

#[test]
fn the_end_of_a_failed_codelet_stays_failed_in_later_scopes() {
    let rt = runtime();
    let end: Mutex<Option<Event>> = Mutex::new(None);
    let first = rt.finish(|s| {
        let failed = s.spawn((), |_, ()| panic!("on purpose"));
        *end.lock().unwrap() = Some(failed.event());
        Ok(())
    });
    assert!(first.is_err());
    let end = end.lock().unwrap().take().unwrap();
    let second = rt.finish(|s| {
        s.codelet("after").after(&end).spawn((), |_, ()| ());
        Ok(())
    });
    assert_eq!(second.unwrap_err().failure().unwrap().skipped, 1);
}
