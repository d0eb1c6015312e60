import { TrainerExit } from '../protocol/exit-status.js';
import type { FailureClassName } from './failure-classes.js';

/** One rule of the classification: it applies when every condition that it states holds. */
export interface FailureRule {
  readonly class: FailureClassName;
  /** One of these exit codes. A shell reports a signal as 128 + its number; such codes are listed with the signal. */
  readonly codes?: readonly number[];
  /** One of these signals, or the exit code by which a shell reports it. */
  readonly signals?: readonly NodeJS.Signals[];
  /** A line of the log's tail matches. */
  readonly log?: RegExp;
  /** The kernel killed a process of ours for memory. */
  readonly isOomKill?: true;
}

/**
 * The built-in rules, in order; the first that applies decides. Exit codes that mean something come first, then kills from
 * outside (what the log says is no witness then), then what the log says from the particular to the general, then signals.
 */
export const builtInRules: readonly FailureRule[] = [
  { class: 'preempted', codes: [TrainerExit.savedRelaunchMe] },
  { class: 'usage', codes: [TrainerExit.usage] },
  { class: 'config', codes: [TrainerExit.config] },
  { class: 'premature', codes: [TrainerExit.finished] },
  { class: 'host-memory', signals: ['SIGKILL'], isOomKill: true },
  { class: 'killed', signals: ['SIGKILL'] },
  { class: 'terminated', signals: ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGXCPU', 'SIGUSR1', 'SIGUSR2'] },

  {
    class: 'gpu-memory',
    log: /CUDA out of memory|torch\.(cuda\.)?OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY|cudaErrorMemoryAllocation|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|failed to allocate .*(on|from) (device|GPU)|OOM when allocating tensor|HIP out of memory|MPS backend out of memory|RESOURCE_EXHAUSTED: (Out of memory|.*allocat)|XLA:GPU.*out of memory/i,
  },
  {
    class: 'gpu-lost',
    log: /fallen off the bus|CUDA driver version is insufficient|no CUDA-capable device|CUDA_ERROR_NO_DEVICE|cudaErrorNoDevice|Driver\/library version mismatch|couldn't communicate with the NVIDIA driver|CUDA_ERROR_SYSTEM_DRIVER_MISMATCH|CUDA_ERROR_SYSTEM_NOT_READY|No CUDA GPUs are available|Unable to determine the device handle|GPU is lost|NVML: (Unknown Error|GPU is lost)/i,
  },
  {
    class: 'gpu-busy',
    log: /all CUDA-capable devices are busy|CUDA_ERROR_DEVICE_UNAVAILABLE|cudaErrorDevicesUnavailable|device.*exclusive.*in use/i,
  },
  {
    class: 'gpu-fault',
    log: /device-side assert|illegal memory access|CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|ASSERT|ECC_UNCORRECTABLE|MISALIGNED_ADDRESS|HARDWARE_STACK_ERROR|LAUNCH_TIMEOUT)|uncorrectable (NVLink|ECC)|unspecified launch failure|misaligned address|CUBLAS_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR)|CUDNN_STATUS_(EXECUTION_FAILED|INTERNAL_ERROR|MAPPING_ERROR)|NVRM: Xid|\bXid \(PCI/i,
  },
  {
    class: 'host-memory',
    log: /^\s*MemoryError|\bMemoryError\b.*$|std::bad_alloc|JavaScript heap out of memory|Cannot allocate memory|\[Errno 12\]|ENOMEM|DefaultCPUAllocator: (can't|not enough)|Out of memory: Killed process|oom-kill|oom_kill|out of memory \(OOM\)|insufficient shared memory|Array buffer allocation failed|DataLoader worker .* is killed by signal: (Killed|Bus error)|exitcode\s*:\s*-9|Unable to allocate [\d.]+ [KMGT]iB/i,
  },
  {
    class: 'disk-full',
    log: /No space left on device|\bENOSPC\b|\[Errno 28\]|Disk quota exceeded|\bEDQUOT\b|\[Errno 122\]|file write failed.*(space|disk)|disk is full/i,
  },
  { class: 'file-limit', log: /Too many open files|\bEMFILE\b|\bENFILE\b|\[Errno 24\]|received 0 items of ancdata/i },
  {
    class: 'disk-fault',
    log: /Input\/output error|\bEIO\b|\[Errno 5\]|Stale file handle|\bESTALE\b|\[Errno 116\]|Read-only file system|\bEROFS\b|\[Errno 30\]|Transport endpoint is not connected|Structure needs cleaning/i,
  },
  { class: 'permission', log: /PermissionError|\[Errno 13\]|\bEACCES\b|\bEPERM\b|(^|[:\s])Permission denied\s*$/i },
  {
    class: 'communication',
    log: /NCCL (error|WARN.*(error|abort|timeout))|ncclSystemError|ncclRemoteError|ncclInternalError|ncclUnhandledCudaError|Watchdog caught collective operation timeout|ProcessGroupNCCL.*(timeout|terminat)|Gloo.*(connectFullMesh|timeout|closed)|Connection closed by peer|c10d.*(timeout|TCPStore)|RendezvousTimeoutError|RendezvousConnectionError|DistStoreError|DistNetworkError|Socket Timeout|collective operation timeout|hvd.*(shutdown|HorovodInternalError)|HorovodInternalError|MPI_ABORT|DEADLINE_EXCEEDED|UNAVAILABLE: .*(socket|peer|connect)|coordination service/i,
  },
  {
    class: 'checkpoint-corrupt',
    log: /(failed finding central directory|PytorchStreamReader failed|invalid header or archive is corrupted|Error\(s\) in loading state_dict|checkpoint.*(corrupt|truncated|damaged|does not match its checksum)|CHECKPOINT_CORRUPT|SafetensorError|HeaderTooLarge|InvalidHeaderDeserialization|Unable to open table file|not an sstable|Checksum does not match.*ckpt|Error (in|while) (reading|deserializing) .*(checkpoint|header))/i,
  },
  {
    class: 'data-corrupt',
    log: /corrupted record at|truncated record at|DataLossError|UnidentifiedImageError|image file is truncated|cannot identify image file|BadZipFile|DATA_CORRUPT|zlib\.error|Invalid (JPEG|PNG)|Expected image \(JPEG, PNG|ArrowInvalid|truncated file|Unable to (synchronously )?open (file|object)|bad local file header|EOFError: (Compressed file|Ran out of input)/i,
  },
  {
    class: 'network',
    log: /(requests|urllib3|httpx|aiohttp|botocore|huggingface_hub)\.[\w.]*(ConnectionError|Timeout|ConnectTimeout|ReadTimeout|MaxRetryError|ConnectError|ClientConnectorError|EndpointConnectionError|HfHubHTTPError|HTTPError|SSLError)|Max retries exceeded with url|Temporary failure in name resolution|\bENOTFOUND\b|\bEAI_AGAIN\b|\bECONNRESET\b|\bECONNREFUSED\b|\bETIMEDOUT\b|ConnectionResetError|ConnectionRefusedError|Connection (reset|refused|timed out)|(502|503|504) (Server Error|Bad Gateway|Service Unavailable|Gateway Time)|Remote end closed connection/i,
  },
  {
    class: 'diverged',
    log: /loss (is|became|=|:)?\s*(nan|inf)\b|\bdiverged\b|(nan|inf)(s)? (detected|encountered|found|loss)|loss.*not finite|non-?finite (loss|grad)|FloatingPointError|Tensor had (NaN|Inf)|contains? (NaN|Inf) values?|returned nan values|Function .* returned nan|minimum loss scale reached|loss scale.*(too small|minimum)/i,
  },
  {
    class: 'code',
    log: /^\s*(ModuleNotFoundError|ImportError|SyntaxError|IndentationError|TabError|NameError|AttributeError|TypeError|NotImplementedError|UnboundLocalError|ReferenceError)\b|ERR_MODULE_NOT_FOUND|MODULE_NOT_FOUND|Cannot find (module|package)|ERR_UNKNOWN_FILE_EXTENSION|undefined symbol|cannot open shared object file|GLIBC(XX)?_[\d.]+' not found/,
  },
  {
    class: 'usage',
    codes: [2],
    log: /^usage: |: error: (unrecognized arguments|the following arguments are required|argument )|(unknown|unrecognized|bad) option/i,
  },
  {
    class: 'code',
    log: /ConfigAttributeError|ConfigKeyError|MissingMandatoryValue|InterpolationKeyError|yaml\.(scanner|parser)\.\w+Error|pydantic.*ValidationError|jsonschema\..*ValidationError|omegaconf\.errors|Error in call to target|Could not override|Primary config .* not found|MisconfigurationException/i,
  },
  {
    class: 'missing-file',
    log: /FileNotFoundError|\bENOENT\b|\[Errno 2\]|No such file or directory|NotFoundError: .*(No such file|not found)/i,
  },
  { class: 'command', codes: [126, 127] },
  { class: 'segfault', signals: ['SIGSEGV', 'SIGBUS', 'SIGILL', 'SIGFPE', 'SIGSYS', 'SIGTRAP'] },
  { class: 'segfault', log: /Segmentation fault|Fatal Python error: (Segmentation|Bus|Illegal)/i },
  {
    class: 'exception',
    log: /^\s*Traceback \(most recent call last\)|^\s*[\w.]+(Error|Exception): |Uncaught .*Error|panicked at/,
  },
  { class: 'abort', signals: ['SIGABRT'] },
];
