import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cached } from './cache.ts';
import { run } from './command.ts';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** The `bin` folder of a Python environment with the packages of requirements.txt. */
export async function pythonBin(): Promise<string> {
  const folder = await cached('python', readFileSync(requirements, 'utf8'), (made) => {
    run('python3', ['-m', 'venv', made]);
    const install = ['-m', 'pip', 'install', '--quiet', '--no-deps', '--only-binary=:all:'];
    run(join(made, 'bin', 'python'), [...install, '-r', requirements]);
  });
  return join(folder, 'bin');
}
