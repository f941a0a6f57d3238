import { clickhouseGo } from './clickhouse-go.ts';
import { installDebianPackages } from './debian.ts';
import { installFlink } from './flink.ts';
import { jdbcDriver } from './jdbc.ts';
import { installKafka } from './kafka.ts';
import { pythonBin } from './python.ts';
import { installSeaweed } from './seaweed.ts';

/** Installs all that tests with real services need. Fails, rather than letting them be skipped. */
export async function install(): Promise<void> {
  installDebianPackages();
  await pythonBin();
  await installKafka();
  await installFlink();
  await installSeaweed();
  await jdbcDriver();
  await clickhouseGo();
}
