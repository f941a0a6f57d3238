import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants } from 'node:zlib';
import pixelmatch from 'pixelmatch';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { expect } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = join(root, 'tests/stack/dashboard/pictures');
const differingFolder = join(folder, 'differing');

/** How far apart two colours must be to count, of 1. What looks like a smoothed edge never counts. */
const colourThreshold = 0.1;
/** Less than a short word has. */
const differingPixelsMax = 100;

const waitMaxMs = 60_000;

/**
 * Fails unless the page looks as `tests/stack/dashboard/pictures/NAME.png`, and
 * then leaves what is seen and what differs for somebody to look at.
 * `vitest -u` keeps what is seen.
 *
 * @param fullPage what is below the window, too
 */
export async function expectPicture(page: Page, name: string, fullPage: boolean): Promise<void> {
  const take = (): Promise<Buffer> => page.screenshot({ fullPage, animations: 'disabled' });
  const keptFile = join(folder, `${name}.png`);
  const seenFile = join(differingFolder, `${name}.seen.png`);
  const differenceFile = join(differingFolder, `${name}.difference.png`);
  for (const old of [seenFile, differenceFile]) rmSync(old, { force: true });
  if (isToKeep(keptFile)) {
    write(keptFile, smaller(await settled(take)));
    return;
  }
  const kept = PNG.sync.read(readFileSync(keptFile));
  let seen: Buffer | undefined;
  let difference: Difference | undefined;
  const differingPixels = async (): Promise<number> => {
    seen = await take();
    difference = differenceOf(kept, PNG.sync.read(seen));
    return difference.pixels;
  };
  try {
    // It may still be on its way to what it is to be.
    await expect
      .poll(differingPixels, { timeout: waitMaxMs, interval: 250 })
      .toBeLessThanOrEqual(differingPixelsMax);
  } catch (error) {
    if (seen === undefined || difference === undefined) throw error;
    write(seenFile, seen);
    write(differenceFile, PNG.sync.write(difference.picture));
    throw new Error(
      [
        `The page looks otherwise than ${relative(root, keptFile)}: ${difference.told}.`,
        `What is seen, and what differs, is in ${relative(root, differingFolder)}.`,
        'If it is as it should be: npx vitest run --project stack tests/stack/dashboard/views.test.ts -u',
      ].join('\n'),
      { cause: error },
    );
  }
}

/** As for other snapshots: with `-u`, and what is not there yet unless this is CI. */
function isToKeep(keptFile: string): boolean {
  const { snapshotUpdateState } = expect.getState().snapshotState;
  if (existsSync(keptFile)) return snapshotUpdateState === 'all';
  if (snapshotUpdateState !== 'none') return true;
  throw new Error(`${relative(root, keptFile)} is not there.`);
}

/** Nothing changes any more: two in a row are the same. */
async function settled(take: () => Promise<Buffer>): Promise<Buffer> {
  let before = await take();
  const isSame = async (): Promise<boolean> => {
    const now = await take();
    const same = now.equals(before);
    before = now;
    return same;
  };
  await expect.poll(isSame, { timeout: waitMaxMs, interval: 500 }).toBe(true);
  return before;
}

interface Difference {
  readonly pixels: number;
  readonly told: string;
  /** What differs, in red over what is kept. */
  readonly picture: PNG;
}

function differenceOf(kept: PNG, seen: PNG): Difference {
  const width = Math.max(kept.width, seen.width);
  const height = Math.max(kept.height, seen.height);
  const picture = new PNG({ width, height });
  const pixels = pixelmatch(
    padded(kept, width, height).data,
    padded(seen, width, height).data,
    picture.data,
    width,
    height,
    { threshold: colourThreshold },
  );
  if (kept.width === seen.width && kept.height === seen.height)
    return { pixels, told: `${pixels} pixels differ`, picture };
  const told = `it has ${seen.width}×${seen.height} pixels, not ${kept.width}×${kept.height}`;
  return { pixels: width * height, told, picture };
}

function padded(picture: PNG, width: number, height: number): PNG {
  const whole = new PNG({ width, height });
  PNG.bitblt(picture, whole, 0, 0, picture.width, picture.height, 0, 0);
  return whole;
}

/** Of each colour the upper five bits: nobody sees the others, and they take half of the file. No filter: most is text. */
function smaller(png: Buffer): Buffer {
  const picture = PNG.sync.read(png);
  picture.data.set(picture.data.map((byte) => Math.min(0xff, (byte + 4) & ~7)));
  return PNG.sync.write(picture, {
    colorType: 2,
    filterType: 0,
    deflateLevel: 9,
    deflateStrategy: constants.Z_DEFAULT_STRATEGY,
  });
}

function write(file: string, content: Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
