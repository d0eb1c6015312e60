import { parseRemoteUrl, type RemoteSettings } from './remote-address.js';
import type { RemoteStore } from './remote-store.js';
import { type RetryRules, usualRetries } from './retry.js';

/** Opens a store; nothing is asked of it yet. @throws RemoteError without credentials, CONFIG_INVALID for a wrong URL */
export async function openRemoteStore(
  settings: RemoteSettings,
  retries: RetryRules = usualRetries,
): Promise<RemoteStore> {
  const address = parseRemoteUrl(settings.url);
  if (address.kind === 'file') return (await import('./file-store.js')).openFileStore(address.folder);
  return (await import('./s3-store.js')).openS3Store(address, settings, retries);
}
