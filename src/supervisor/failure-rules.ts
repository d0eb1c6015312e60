import { TrainerExit } from '../protocol/exit-status.js';
import type { FailureClassName } from '../protocol/failure-class-names.js';

/** One rule of the classification: it applies when every condition that it states holds. */
export interface FailureRule {
  readonly class: FailureClassName;
  /** One of these exit codes. A shell reports a signal as 128 + its number; such codes are listed with the signal. */
  readonly codes?: readonly number[];
  /** One of these signals, or the exit code by which a shell reports it. */
  readonly signals?: readonly NodeJS.Signals[];
  /** A line of the log's tail matches. */
  readonly log?: RegExp;
  /** The line, or one of the few lines before it, matches as well: the frames of a traceback say where it happened. */
  readonly near?: RegExp;
  /** The kernel killed a process of ours for memory. */
  readonly isOomKill?: true;
  /** A line of the kernel's log that concerns the attempt matches. */
  readonly kernel?: RegExp;
  /** The disk of the checkpoints has next to no room. */
  readonly isDiskFull?: true;
}

const outside: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2'];

/** Exit statuses that mean something by themselves; the first that applies decides. */
export const contractRules: readonly FailureRule[] = [
  { class: 'preempted', codes: [TrainerExit.savedRelaunchMe] },
  { class: 'usage', codes: [TrainerExit.usage] },
  { class: 'config', codes: [TrainerExit.config] },
  { class: 'premature', codes: [TrainerExit.finished] },
];

/** Kills from outside; the log is a witness only where the killer itself wrote into it. The first that applies decides. */
export const killRules: readonly FailureRule[] = [
  { class: 'host-memory', signals: ['SIGKILL'], isOomKill: true },
  { class: 'host-memory', signals: ['SIGKILL'], kernel: /\bout of memory: Killed process/i },
  {
    class: 'host-memory',
    signals: ['SIGKILL'],
    log: /\boom[-_ ]?kill|\bout of memory: killed process|\bOOM Killed\b|: Out Of Memory$/i,
  },
  {
    class: 'preempted',
    signals: ['SIGKILL', ...outside],
    log: /DUE TO (PREEMPTION|JOB REQUEUE)|\b(job|instance|node|worker) (is|was|has been) (being )?preempted/i,
  },
  { class: 'terminated', signals: ['SIGKILL', ...outside], log: /DUE TO TIME LIMIT/ },
  { class: 'killed', signals: ['SIGKILL'] },
  { class: 'terminated', signals: outside },
];

/** What the kernel tells where the log names no cause, or only that the GPU failed. The first that applies decides. */
export const kernelRules: readonly FailureRule[] = [
  // 79: fallen off the bus; 119, 120: its own processor (GSP) does not answer; 62, 74, 140: only a reset helps.
  { class: 'gpu-lost', kernel: /\bNVRM: Xid \(.*?\): (62|74|79|119|120|140)\b/ },
  { class: 'gpu-fault', kernel: /\bNVRM: Xid \(/ },
  { class: 'disk-fault', kernel: /\berror(?: on|,) dev |-fs(?: error)? \(|\bXFS \(/ },
];

/** What the log names as a cause. The line nearest to the end decides; on one line, the first of these rules. */
export const causeRules: readonly FailureRule[] = [
  {
    class: 'host-memory',
    log: /allocator (mkl_?)?cpu\b|\bRayOutOfMemoryError|ray\.exceptions\.OutOfMemoryError|node running low on memory/i,
  },
  {
    class: 'gpu-memory',
    log: /CUDA out of memory|\bcuda\.OutOfMemoryError|\btorch\.OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|CUDA (runtime )?error.{0,20}out of memory|failed to allocate .{0,60}\b(on|from) (device|GPU)|OOM when allocating tensor|Dst tensor is not initialized|HIP out of memory|MPS backend out of memory|RESOURCE_EXHAUSTED: (Out of memory|.{0,80}(allocat|memory space))|XLA:GPU.{0,80}out of memory|GPU out of memory/i,
  },
  {
    class: 'gpu-lost',
    log: /fallen off the bus|CUDA driver version is insufficient|no CUDA-capable device|CUDA_ERROR_NO_DEVICE|cudaErrorNoDevice|Driver\/library version mismatch|communicate with the NVIDIA driver|CUDA_ERROR_SYSTEM_(DRIVER_MISMATCH|NOT_READY)|system not yet initialized|system has unsupported display driver|No CUDA GPUs are available|Found no NVIDIA driver|Unable to determine the device handle|GPU is lost|NVML: (Unknown Error|GPU is lost)/i,
  },
  {
    class: 'gpu-busy',
    log: /CUDA-capable device(s|\(s\))? (is\/)?are busy|CUDA_ERROR_DEVICE_UNAVAILABLE|cudaErrorDevicesUnavailable/i,
  },
  {
    class: 'gpu-fault',
    log: /device-side assert|illegal memory access|illegal instruction was encountered|CUDA_ERROR_(ILLEGAL_ADDRESS|ILLEGAL_INSTRUCTION|LAUNCH_FAILED|ASSERT|ECC_UNCORRECTABLE|MISALIGNED_ADDRESS|HARDWARE_STACK_ERROR|LAUNCH_TIMEOUT)|uncorrectable (NVLink|ECC)|unspecified launch failure|misaligned address|hardware stack error|CUBLAS_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR|NOT_INITIALIZED)|CUDNN_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR|MAPPING_ERROR|NOT_INITIALIZED)|CUFFT_(EXEC_FAILED|INTERNAL_ERROR)|\bXid \(PCI/i,
  },
  {
    class: 'host-memory',
    log: /No space left on device|\[Errno 28\]/,
    near: /shared_?memory|SemLock|\/dev\/shm|torch_\d/,
  },
  {
    class: 'host-memory',
    log: /(^|\W)MemoryError\b|std::bad_alloc|JavaScript heap out of memory|Cannot allocate memory|\[Errno 12\]|ENOMEM|DefaultCPUAllocator: (can't|not enough)|Out of memory: Killed process|\boom[-_]kill|: Out Of Memory$|insufficient shared memory|out of shared memory|unable to (open|write to|allocate|resize) (shared memory|file <\/torch_)|unable to mmap|Array buffer allocation failed|DataLoader worker .{0,40}killed by signal: (Killed|Bus error)|Unable to allocate [\d.]+ [KMGT]iB/i,
  },
  {
    class: 'disk-full',
    log: /No space left on device|\bENOSPC\b|\[Errno 28\]|Disk quota exceeded|\bEDQUOT\b|\[Errno 122\]|disk is full|PytorchStreamWriter failed writing/i,
  },
  { class: 'file-limit', log: /Too many open files|\bEMFILE\b|\bENFILE\b|\[Errno 24\]|received 0 items of ancdata/i },
  {
    class: 'disk-fault',
    log: /Input\/output error|\bEIO\b|\[Errno 5\]|Stale (NFS )?file handle|\bESTALE\b|\[Errno 116\]|Read-only file system|\bEROFS\b|\[Errno 30\]|Transport endpoint is not connected|Structure needs cleaning/i,
  },
  { class: 'permission', log: /PermissionError|\[Errno 13\]|\bEACCES\b|\bEPERM\b|Permission denied\s*$/i },
  {
    class: 'checkpoint-corrupt',
    log: /failed finding central directory|PytorchStreamReader failed|invalid header or archive is corrupted|checkpoint.{0,80}(corrupt|truncated|damaged|does not match its checksum)|CHECKPOINT_CORRUPT|SafetensorError|HeaderTooLarge|InvalidHeaderDeserialization|Unable to open table file|not an sstable|Checksum does not match.{0,80}ckpt/i,
  },
  {
    class: 'checkpoint-corrupt',
    log: /UnpicklingError|pickle data was truncated|EOFError: Ran out of input|Unable to (synchronously )?open (file|object)|storage has wrong byte size/,
    near: /torch[/\\]serialization\.py|torch\.load|load_state_dict|load_(checkpoint|model|weights)|restore|resume|checkpoint|ckpt/i,
  },
  {
    class: 'data-corrupt',
    log: /corrupted record at|truncated record at|DataLossError|UnidentifiedImageError|image file is truncated|cannot identify image file|BadZipFile|DATA_CORRUPT|zlib\.error|Invalid (JPEG|PNG)|Expected image \(JPEG, PNG|ArrowInvalid|truncated file|Unable to (synchronously )?open (file|object)|bad local file header|EOFError: (Compressed file|Ran out of input)|UnpicklingError|pickle data was truncated/i,
  },
  {
    class: 'network',
    log: /(requests|urllib3|httpx|aiohttp|botocore|huggingface_hub)\.[\w.]*(ConnectionError|Timeout|MaxRetryError|ConnectError|ProxyError|ClientConnectorError|HfHubHTTPError|HTTPError|SSLError)|Max retries exceeded with url|Temporary failure in name resolution|Name or service not known|\bENOTFOUND\b|\bEAI_AGAIN\b|couldn't connect to '?https?:|\bCommError\b|(502|503|504) (Server Error|Bad Gateway|Service Unavailable|Gateway Time)/i,
  },
  {
    class: 'diverged',
    log: /\bloss\b.{0,20}\b(is|became|=|:)\s*(nan|[-+]?inf)\b|\bdiverged\b|\b(nan|inf)s? (values? )?(was |were )?(detected|encountered|found)|loss.{0,40}not finite|non-?finite (loss|grad)|FloatingPointError|Tensor had (NaN|Inf)|contains? (NaN|Inf)\b|returned nan|outputs? (is|are) nan\b|loss scale.{0,20}(too small|minimum)|minimum loss scale/i,
  },
  {
    class: 'usage',
    log: /: error: (unrecognized arguments|the following arguments are required|argument )|(unknown|unrecognized|bad) option/i,
  },
  {
    class: 'code',
    log: /^\W*(\[\w+\]:\s*)?(ModuleNotFoundError|ImportError|SyntaxError|IndentationError|TabError|NameError|AttributeError|TypeError|NotImplementedError|UnboundLocalError|ReferenceError)\b|: No module named \w|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|Cannot find (module|package)|native addon module|ERR_UNKNOWN_FILE_EXTENSION|undefined symbol|cannot open shared object file|GLIBC(XX)?_[\d.]+' not found/,
  },
  {
    class: 'code',
    log: /Error\(s\) in loading state_dict|size mismatch for|ConfigAttributeError|ConfigKeyError|MissingMandatoryValue|InterpolationKeyError|yaml\.(scanner|parser)\.\w+Error|pydantic.{0,40}ValidationError|jsonschema\..{0,40}ValidationError|omegaconf\.errors|Error in call to target|Could not override|Primary config .{0,80} not found|MisconfigurationException/i,
  },
  {
    class: 'missing-file',
    log: /FileNotFoundError|\bENOENT\b|\[Errno 2\]|No such file or directory|NotFoundError: .{0,80}(No such file|not found)/i,
  },
  { class: 'preempted', log: /DUE TO (PREEMPTION|JOB REQUEUE)|\bjob is preempted/ },
  {
    class: 'terminated',
    log: /DUE TO TIME LIMIT|SignalException: Process \d+ got signal: (1|2|3|15)\b|^\s*KeyboardInterrupt\b|killed by signal: (Terminated|Interrupt|Hangup)/,
  },
  { class: 'segfault', log: /killed by signal: (Segmentation fault|Illegal instruction|Floating point)/i },
  { class: 'abort', log: /killed by signal: Aborted/ },
];

/** What PyTorch says when the file that it saves ends before it should; not why. */
const tornTorchFile = /basic_ios::clear: iostream error|inline_container\.cc:\d+\] \. unexpected pos/;

/** What one process says when another one is gone; it decides only when no cause is named. The nearest to the end wins. */
export const consequenceRules: readonly FailureRule[] = [
  { class: 'disk-full', log: tornTorchFile, isDiskFull: true },
  { class: 'disk-fault', log: tornTorchFile },
  {
    class: 'communication',
    log: /NCCL (error|WARN.{0,80}(error|abort|timeout))|\bnccl\w+ failed|nccl(System|Remote|Internal|UnhandledCuda)Error|Watchdog caught collective operation timeout|ProcessGroup(NCCL|Gloo).{0,80}(timeout|timed out|terminat)|Gloo.{0,80}(connectFullMesh|timeout|closed)|gloo\/transport|Connection closed by peer|c10d.{0,80}(timeout|TCPStore)|Rendezvous\w*Error|Dist(Store|Network)Error|Socket Timeout|HorovodInternalError|\bMPI_ABORT\b|DEADLINE_EXCEEDED|UNAVAILABLE: .{0,80}(socket|peer|connect)|coordination service|_(InactiveRpcError|MultiThreadedRendezvous|Rendezvous) of RPC|StatusCode\.[A-Z_]+\b|Actor(Died|Unavailable)Error|RayActorError/i,
  },
  {
    class: 'network',
    log: /\bECONNRESET\b|\bECONNREFUSED\b|\bETIMEDOUT\b|ConnectionResetError|ConnectionRefusedError|(^|\W)ConnectionError\b|Connection (reset|refused|timed out)|Remote end closed connection/i,
  },
];

/** What is left when nothing names a cause: how processes ended, then that something was raised. The first that applies. */
export const remainingRules: readonly FailureRule[] = [
  { class: 'command', codes: [126, 127] },
  { class: 'segfault', signals: ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGSYS', 'SIGTRAP'] },
  { class: 'abort', signals: ['SIGABRT'] },
  {
    class: 'segfault',
    log: /\bSegmentation fault\b|Fatal Python error: (Segmentation|Bus|Illegal)|\bSIGSEGV\b|\bSIGBUS\b|exitcode\s*: -(11|7|4)\b|return code = -(11|7|4)\b/i,
  },
  { class: 'abort', log: /\bSIGABRT\b|\bAborted \(core dumped\)|exitcode\s*: -6\b|return code = -6\b/ },
  { class: 'killed', log: /\bSIGKILL\b|exitcode\s*: -9\b|return code = -9\b|: Killed$|\d Killed\b/ },
  { class: 'terminated', log: /\(SIGTERM\) received|exitcode\s*: -15\b|return code = -15\b/ },
  {
    class: 'exception',
    log: /^\W*Traceback \(most recent call last\)|^\W*(\[\w+\]:\s*)?[\w.]+(Error|Exception):|Uncaught .{0,40}Error|panicked at/,
  },
  // What starts another program (env, nice, timeout, docker run, s6's tools) says so when it failed itself.
  { class: 'command', codes: [125] },
];
