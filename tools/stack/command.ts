import { spawnSync } from 'node:child_process';
import { appendFileSync } from 'node:fs';

/** Runs a command to its end; what it prints is shown on stderr. Throws if it fails. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  const { status, signal, error } = spawnSync(command, args, {
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  if (status !== 0) throw failed(command, args, error?.message ?? `ended with ${status ?? signal}`);
}

/** The same, where nobody wants to see what it prints unless it fails: that is in the log file. */
export function runQuietly(command: string, args: readonly string[], logFile: string): void {
  const { status, signal, error, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  const printed = `${stdout}${stderr}`;
  appendFileSync(logFile, printed);
  if (status === 0) return;
  throw failed(command, args, error?.message ?? `ended with ${status ?? signal}\n${printed}`);
}

const failed = (command: string, args: readonly string[], why: string): Error =>
  new Error(`${command} ${args.join(' ')}: ${why}`);
