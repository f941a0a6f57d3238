import { createHash } from 'node:crypto';

/** What can happen next in a world that is at rest. */
export interface Step {
  /** Names it among the steps of its state. */
  readonly name: string;
  /** Whether it is of those that stop, some day. */
  readonly isFault: boolean;
  readonly take: () => void;
}

/** A world in which everything that happens is a step that was chosen. */
export interface Steppable {
  readonly steps: readonly Step[];
  /** Whether all is done that had to be. */
  readonly isDone: boolean;
  /** Equal where all that can still happen is equal. */
  readonly key: string;
  /** @throws Error if something is not as it must be in each state. */
  check(): void;
  /** Nobody takes a step in it any more. */
  leave(): void;
}

export interface Explored {
  readonly states: number;
  readonly edges: number;
  /** States in which all is done. */
  readonly done: number;
}

/** What went wrong, and the steps that led to it. */
export class Violation extends Error {
  override readonly name = 'Violation';

  constructor(what: string, path: readonly string[], options?: ErrorOptions) {
    super(`${what}\n${path.map((name, index) => `${index + 1}. ${name}`).join('\n')}`, options);
  }
}

interface State {
  /** Stands for the world's, which is long: there are millions of states. */
  readonly digest: string;
  /** Of its steps; one list for all states with the same. */
  readonly names: readonly string[];
  /** Where each step leads; none while nobody took it. */
  readonly next: (number | undefined)[];
  readonly isFault: readonly boolean[];
  readonly isDone: boolean;
  /** The steps from the beginning, newest last. */
  readonly path: Path | null;
}

interface Path {
  readonly name: string;
  readonly before: Path | null;
}

/**
 * Takes each step in each state, once. A world cannot be copied, so to take
 * another step in a state the world is begun anew and led there.
 *
 * @throws Violation if a state is not as it must be, or if from one of them
 *   all cannot be done any more, though nothing fails from there on.
 */
export async function explore(begin: () => Steppable, statesMax: number): Promise<Explored> {
  const states: State[] = [];
  const known = new Map<string, number>();
  const open: number[] = [];
  const lists = new Map<string, readonly string[]>();

  const listOf = (steps: readonly Step[]): readonly string[] => {
    const names = steps.map(({ name }) => name);
    const text = JSON.stringify(names);
    const list = lists.get(text) ?? names;
    lists.set(text, list);
    return list;
  };

  const visit = (world: Steppable, path: Path | null): number => {
    const { steps } = world;
    const digest = digestOf(world);
    const seen = known.get(digest);
    const names = listOf(steps);
    if (seen !== undefined) {
      const other = states[seen]?.names;
      if (other !== names)
        throw new Violation(`Two states are taken for one: ${other} and ${names}.`, namesOf(path));
      return seen;
    }
    try {
      world.check();
    } catch (cause) {
      throw new Violation(`${cause}`, namesOf(path), { cause });
    }
    if (states.length >= statesMax) throw new Error(`There are more than ${statesMax} states.`);
    states.push({
      digest,
      names,
      next: names.map(() => undefined),
      isFault: steps.map(({ isFault }) => isFault),
      isDone: world.isDone,
      path,
    });
    known.set(digest, states.length - 1);
    open.push(states.length - 1);
    return states.length - 1;
  };

  /** The newest first: it is begun anew the least often. */
  const nextOpen = (): number | undefined => {
    for (let at = open.at(-1); at !== undefined; at = open.at(-1)) {
      if (states[at]?.next.includes(undefined)) return at;
      open.pop();
    }
    return undefined;
  };

  const first = begin();
  await atRest();
  visit(first, null);
  for (let at = nextOpen(); at !== undefined; at = nextOpen()) {
    const world = begin();
    await atRest();
    for (const name of namesOf(states[at]?.path ?? null)) await take(world, name);
    if (digestOf(world) !== states[at]?.digest)
      throw new Error('It did not go the same way again.');
    for (let here: number | undefined = at; here !== undefined; ) {
      const state: State | undefined = states[here];
      const untaken = state?.next.indexOf(undefined) ?? -1;
      const name = state?.names[untaken];
      if (state === undefined || name === undefined) break;
      await take(world, name);
      const there = visit(world, { name, before: state.path });
      state.next[untaken] = there;
      here = there;
    }
    world.leave();
    await atRest();
  }
  checkAllCanBeDone(states);
  return {
    states: states.length,
    edges: states.reduce((sum, { next }) => sum + next.length, 0),
    done: states.filter(({ isDone }) => isDone).length,
  };
}

const digestOf = ({ key }: Steppable): string => createHash('sha256').update(key).digest('base64');

/** Takes the step of this name, and waits until the world is at rest again. */
async function take(world: Steppable, name: string): Promise<void> {
  const step = world.steps.find((each) => each.name === name);
  if (step === undefined) throw new Error(`There is no step ${name} here.`);
  step.take();
  await atRest();
}

/** Node runs what was given to `nextTick` when no promise is left to go on with. */
export const atRest = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

/** Backwards from where all is done, along the steps that are no faults. */
function checkAllCanBeDone(states: readonly State[]): void {
  const from = states.map((): number[] => []);
  states.forEach(({ next, isFault }, at) => {
    next.forEach((there, index) => {
      if (there !== undefined && !isFault[index]) from[there]?.push(at);
    });
  });
  const can = new Set(states.flatMap(({ isDone }, at) => (isDone ? [at] : [])));
  for (const at of can) for (const before of from[at] ?? []) can.add(before);
  const stuck = states.find((_, at) => !can.has(at));
  if (stuck) throw new Violation('From here all is never done.', namesOf(stuck.path));
}

function namesOf(path: Path | null): readonly string[] {
  const names: string[] = [];
  for (let at = path; at !== null; at = at.before) names.push(at.name);
  return names.reverse();
}
