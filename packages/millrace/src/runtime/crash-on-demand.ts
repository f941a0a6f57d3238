import { type ReachCrashPoint, survive } from '../ports/crash-points.ts';

/**
 * For fault tests: `MILLRACE_CRASH_AT=load-inserted:3` kills the process with
 * SIGKILL when it passes that point for the third time, and
 * `load-inserting:1:20` 20 ms after it did for the first. Not set, nothing happens.
 */
export function crashOnDemand(order: string | undefined): ReachCrashPoint {
  if (!order) return survive;
  const [point, times = '1', delayMs] = order.split(':');
  let left = Number(times);
  const crash = () => {
    process.stderr.write(`crash point ${point} reached\n`);
    process.kill(process.pid, 'SIGKILL');
  };
  return (reached) => {
    if (reached !== point) return;
    left -= 1;
    if (left !== 0) return;
    if (delayMs === undefined) crash();
    else setTimeout(crash, Number(delayMs));
  };
}
