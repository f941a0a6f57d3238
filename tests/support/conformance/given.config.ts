import { readFileSync } from 'node:fs';
import type { Pipeline } from 'millrace';

const file = process.env.MILLRACE_TEST_PIPELINE;
if (file === undefined) throw new Error('MILLRACE_TEST_PIPELINE names no file');
/** A definition is plain data: this one is made by a test, and read from the file it names. */
const pipeline: Pipeline = JSON.parse(readFileSync(file, 'utf8'));

export default pipeline;
