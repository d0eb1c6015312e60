import { homedir } from 'node:os';
import { join } from 'node:path';
import { readFileBounded, systemErrorCode } from '../../protocol/index.js';
import type { RemoteSettings } from './remote-address.js';
import { RemoteError } from './remote-error.js';

/** Keys of a store. They go nowhere but into its requests' signatures. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | undefined;
  /** Where they were found, for the user. */
  readonly source: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Finds the keys as the tools of AWS do: a profile that is named by the experiment, the environment, else the profile of
 * AWS_PROFILE or `default` in `~/.aws/credentials` and `~/.aws/config`. For Google, GS_ACCESS_KEY_ID and
 * GS_SECRET_ACCESS_KEY (an HMAC key) come first.
 * @throws RemoteError when there are none
 */
export function findCredentials(settings: RemoteSettings, env: Environment = process.env): Credentials {
  const fromEnvironment = (id: string, secret: string, token?: string): Credentials | undefined => {
    const [accessKeyId, secretAccessKey] = [env[id], env[secret]];
    if (!accessKeyId || !secretAccessKey) return undefined;
    const sessionToken = token === undefined ? undefined : env[token] || undefined;
    return { accessKeyId, secretAccessKey, sessionToken, source: id };
  };
  const isGoogle = settings.url.startsWith('gs:');
  const found =
    (settings.profile === undefined
      ? ((isGoogle ? fromEnvironment('GS_ACCESS_KEY_ID', 'GS_SECRET_ACCESS_KEY') : undefined) ??
        fromEnvironment('AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY', 'AWS_SESSION_TOKEN'))
      : undefined) ?? fromProfile(settings, env);
  if (found !== undefined) return found;
  const profile = profileOf(settings, env);
  const names = isGoogle
    ? 'GS_ACCESS_KEY_ID and GS_SECRET_ACCESS_KEY (an HMAC key)'
    : 'AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY';
  throw new RemoteError(`no credentials for ${settings.url}: neither ${names} nor profile [${profile}]`, {
    isPassing: false,
    fix: `export ${names}, or put them into ~/.aws/credentials under [${profile}]`,
  });
}

/** The region: of the experiment, the environment, the profile; else us-east-1, which most compatible stores take for theirs. */
export function findRegion(settings: RemoteSettings, env: Environment = process.env): string {
  if (settings.region !== undefined) return settings.region;
  if (settings.url.startsWith('gs:')) return 'auto';
  return env['AWS_REGION'] || env['AWS_DEFAULT_REGION'] || profileSettings(settings, env)['region'] || 'us-east-1';
}

/** The endpoint that is not the cloud's own, where one is named. */
export function findEndpoint(settings: RemoteSettings, env: Environment = process.env): string | undefined {
  if (settings.endpoint !== undefined) return settings.endpoint;
  if (settings.url.startsWith('gs:')) return undefined;
  return env['AWS_ENDPOINT_URL_S3'] || env['AWS_ENDPOINT_URL'] || profileSettings(settings, env)['endpoint_url'];
}

function fromProfile(settings: RemoteSettings, env: Environment): Credentials | undefined {
  const values = profileSettings(settings, env);
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = values;
  if (!accessKeyId || !secretAccessKey) return undefined;
  const source = `profile [${profileOf(settings, env)}]`;
  return { accessKeyId, secretAccessKey, sessionToken: values['aws_session_token'], source };
}

function profileOf({ profile }: RemoteSettings, env: Environment): string {
  return profile ?? (env['AWS_PROFILE'] || 'default');
}

/** A profile is spread over two files; that of the credentials counts more. */
function profileSettings(settings: RemoteSettings, env: Environment): Readonly<Record<string, string>> {
  const name = profileOf(settings, env);
  const folder = join(env['HOME'] || homedir(), '.aws');
  const config = readSections(env['AWS_CONFIG_FILE'] || join(folder, 'config'));
  const credentials = readSections(env['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials'));
  return { ...(config.get(`profile ${name}`) ?? config.get(name)), ...credentials.get(name) };
}

function readSections(path: string): Map<string, Record<string, string>> {
  const sections = new Map<string, Record<string, string>>();
  let current: Record<string, string> | undefined;
  for (const line of readText(path).split('\n')) {
    const section = /^\s*\[\s*(.+?)\s*\]/.exec(line)?.[1];
    if (section !== undefined) {
      current = sections.get(section) ?? {};
      sections.set(section, current);
    }
    const [, key, value] = /^([\w-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (current !== undefined && key !== undefined && value !== undefined) current[key.toLowerCase()] = value;
  }
  return sections;
}

function readText(path: string): string {
  try {
    return readFileBounded(path).toString('utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return '';
    throw new RemoteError(`${path} cannot be read: ${(error as Error).message}`, { isPassing: false, cause: error });
  }
}
