import { MillraceError } from '../../errors.ts';
import type { RoleSettings, RunningRole } from './role-settings.ts';
import { serveAlerts } from './serve-alerts.ts';
import { serveArchiver } from './serve-archiver.ts';
import { serveCollector } from './serve-collector.ts';
import { serveGate } from './serve-gate.ts';
import { serveLoader } from './serve-loader.ts';
import { serveQuery } from './serve-query.ts';

/**
 * Runs one part of a cluster in this process.
 *
 * @throws MillraceError `config_invalid` without Kafka's address, and what the role throws.
 */
export async function serveRole(
  settings: RoleSettings & { readonly role: string },
  onProblem: (what: string, error: unknown) => void,
): Promise<RunningRole> {
  if (settings.kafka.length === 0) {
    throw new MillraceError(
      'config_invalid',
      `The ${settings.role} needs Kafka's address: --kafka.`,
    );
  }
  switch (settings.role) {
    case 'collector':
      return serveCollector(settings, onProblem);
    case 'alerts':
      return serveAlerts(settings, onProblem);
    case 'archiver':
      return serveArchiver(settings, onProblem);
    case 'gate':
      return serveGate(settings, onProblem);
    case 'loader':
      return serveLoader(settings, onProblem);
    default:
      return serveQuery(settings, onProblem);
  }
}
