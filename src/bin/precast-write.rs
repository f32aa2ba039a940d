//! The endpoint for writes as a function: the door alone.

fn main() -> std::process::ExitCode {
    precast::write::function::main()
}
