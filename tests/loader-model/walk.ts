import type { Random } from '../support/random.ts';
import { atRest, type Step, type Steppable, Violation } from './explore.ts';

export interface WalkLimits {
  /** Steps during which something may fail. */
  readonly stormyMax: number;
  /** After these steps without faults all must be done. */
  readonly calmMax: number;
}

/** Of the steps, in a world too large for all of its states, one after another by chance. */
export async function walk(
  world: Steppable,
  random: Random,
  { stormyMax, calmMax }: WalkLimits,
): Promise<void> {
  const path: string[] = [];
  const take = async (steps: readonly Step[]): Promise<void> => {
    const step = random.pick(steps);
    path.push(step.name);
    step.take();
    await atRest();
    try {
      world.check();
    } catch (cause) {
      throw new Violation(`${cause}`, path, { cause });
    }
  };
  await atRest();
  const stormy = random.between(0, stormyMax);
  for (let taken = 0; taken < stormy; taken += 1) {
    const faults = world.steps.filter(({ isFault }) => isFault);
    const others = world.steps.filter(({ isFault }) => !isFault);
    const isFault = others.length === 0 || (faults.length > 0 && random.chance(0.15));
    if (isFault && faults.length === 0) break;
    await take(isFault ? faults : others);
  }
  for (let taken = 0; !world.isDone; taken += 1) {
    const steps = world.steps.filter(({ isFault }) => !isFault);
    if (taken === calmMax || steps.length === 0)
      throw new Violation('All is well, and not all is done.', path);
    await take(steps);
  }
}
