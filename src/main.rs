//! The door: arguments in, exit code out.

fn main() -> std::process::ExitCode {
    precast::cli::main()
}
