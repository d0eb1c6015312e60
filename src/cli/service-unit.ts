/** A service that runs one experiment. Paths are absolute. */
export interface Service {
  /** Name of the run. */
  readonly name: string;
  readonly command: readonly string[];
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Time that the trainer has between SIGTERM and SIGKILL. */
  readonly stopGraceMs: number;
}

/** First words of what we write, by which we know it again. */
export const serviceMark = 'Written by supervise install';

/** Exit codes after which starting again cannot help, or is not wanted: docs/exit-codes.md. 75 is a stop on request. */
const finalCodes = [64, 66, 69, 73, 75, 78, 79];
/** The supervisor's own waits after the grace: SIGKILL, leftovers, the last lines of its files. */
const stopMarginSecs = 30;

/** Name of the systemd unit of a run. */
export const unitName = (run: string) => `supervise-${run}.service`;

/**
 * A systemd user unit (systemd.service(5)). `KillMode=process`: a supervisor that crashes leaves its trainer alive, to be adopted
 * by the next one, and a stop leaves it to the supervisor to end it. `OOMPolicy=continue`: a trainer that the kernel ends for
 * memory does not end its supervisor. Pure.
 */
export function systemdUnit({ name, command, cwd, environment, stopGraceMs }: Service): string {
  const variables = Object.entries(environment).map(([key, value]) => `Environment=${quote(`${key}=${value}`)}`);
  return `# ${serviceMark}; supervise uninstall ${name} takes it away.
[Unit]
Description=${escapePercent(`supervise: training run ${name}`)}
StartLimitIntervalSec=0

[Service]
Type=exec
WorkingDirectory=${escapePercent(cwd)}
${variables.map((line) => `${line}\n`).join('')}ExecStart=${command.map((word) => quote(word.replaceAll('$', '$$$$'))).join(' ')}
Restart=on-failure
RestartSec=10
RestartPreventExitStatus=0 ${finalCodes.join(' ')}
SuccessExitStatus=75
KillSignal=SIGTERM
KillMode=process
TimeoutStopSec=${Math.ceil(stopGraceMs / 1000) + stopMarginSecs}
OOMPolicy=continue

[Install]
WantedBy=default.target
`;
}

/** Label of the launchd agent of a run. */
export const agentLabel = (run: string) => `supervise.${run}`;

/**
 * A launchd agent (launchd.plist(5)): started at login, and again when it crashes. launchd cannot tell exit codes apart, so an
 * exit with any code ends it. Pure.
 */
export function launchdPlist({ name, command, cwd, environment, stopGraceMs }: Service): string {
  const text = (value: string) => `<string>${escapeXml(value)}</string>`;
  const variables = Object.entries(environment).map(
    ([key, value]) => `    <key>${escapeXml(key)}</key>${text(value)}\n`,
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<!-- ${serviceMark} -->
<plist version="1.0">
<dict>
  <key>Label</key>${text(agentLabel(name))}
  <key>ProgramArguments</key>
  <array>
${command.map((word) => `    ${text(word)}\n`).join('')}  </array>
  <key>WorkingDirectory</key>${text(cwd)}
  <key>EnvironmentVariables</key>
  <dict>
${variables.join('')}  </dict>
  <key>RunAtLoad</key><true/>
  <key>KeepAlive</key>
  <dict>
    <key>Crashed</key><true/>
  </dict>
  <key>AbandonProcessGroup</key><true/>
  <key>ExitTimeOut</key><integer>${Math.ceil(stopGraceMs / 1000) + stopMarginSecs}</integer>
</dict>
</plist>
`;
}

/** systemd.syntax(7): one word in double quotes, with C escapes; a percent sign begins a specifier. */
function quote(word: string): string {
  const escaped = escapePercent(word)
    .replaceAll('\\', '\\\\')
    .replaceAll('"', '\\"')
    .replaceAll('\n', '\\n')
    .replaceAll('\t', '\\t');
  return /^[\w./:=@,+%$-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

function escapePercent(text: string): string {
  return text.replaceAll('%', '%%');
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
