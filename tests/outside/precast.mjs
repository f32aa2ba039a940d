// What the scripts in JavaScript share: the program, and a server that ends with them.
import { spawn, execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

export const repository = path.resolve(import.meta.dirname, '../..');
export const program = path.resolve(repository, process.env.PRECAST || 'target/debug/precast');
// One instant, so that what is scheduled or expired is the same in every run.
export const now = '2026-06-01T12:00:00Z';

// Standard output of a command that must succeed.
export function run(...args) {
  return execFileSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 30, stdio: ['ignore', 'pipe', 'pipe'] });
}

// Copies the site that ships here: a check must not see what is edited meanwhile, nor leave anything behind.
export function shippedSite(to) {
  for (const folder of ['content', 'data', 'site']) {
    fs.cpSync(path.join(repository, folder), path.join(to, folder), { recursive: true });
  }
}

// `descriptors`: how many it may have open.
export function serve(root, { descriptors } = {}) {
  const command = [program, 'serve', '--root', root, '--port', '0', '--now', now];
  const limited = descriptors ? ['bash', '-c', 'ulimit -n "$0" && exec "$@"', String(descriptors), ...command] : command;
  const child = spawn(limited[0], limited.slice(1), { stdio: ['ignore', 'ignore', 'pipe'] });
  process.on('exit', () => child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    let log = '';
    child.stderr.on('data', (data) => {
      log += data;
      const found = /^serving http:\/\/([^ :]+):(\d+)\//m.exec(log);
      if (found) resolve({ pid: child.pid, host: found[1], port: Number(found[2]), end: () => end(child), log: () => log });
    });
    child.on('exit', (code) => reject(new Error(`serve ended with ${code}: ${log}`)));
  });
}

function end(child) {
  return new Promise((resolve) => {
    child.removeAllListeners('exit');
    child.on('exit', resolve);
    child.kill('SIGINT');
  });
}
