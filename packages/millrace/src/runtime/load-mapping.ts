import { hash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { MillraceError } from '../errors.ts';
import { type CheckedDefinition, checkedDefinition } from '../import/checked-definition.ts';
import { importDefault } from './load-pipeline.ts';

export interface LoadedMapping {
  readonly definition: CheckedDefinition;
  /** Of the file's own text: what it imports from others is not looked at. */
  readonly digest: string;
}

/** @throws MillraceError `import_invalid` if it is not there, does not run, or is no mapping. */
export async function loadMapping(path: string): Promise<LoadedMapping> {
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new MillraceError('import_invalid', `There is no mapping file at ${file}.`, {
      cause: error,
    });
  }
  let given: unknown;
  try {
    given = await importDefault(file);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new MillraceError('import_invalid', `${file} does not run: ${reason}`, { cause: error });
  }
  return { definition: checkedDefinition(given), digest: hash('sha256', text).slice(0, 16) };
}
