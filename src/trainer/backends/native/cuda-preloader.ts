/**
 * C++ that loads CUDA's libraries from pip's folders when the binding is loaded. TensorFlow looks for them by name, and finds
 * those that are in the process already; without this, LD_LIBRARY_PATH would have to name every folder before Node starts.
 * They need one another, so those that fail are tried again while others succeed.
 */
export function cudaPreloader(folders: readonly string[]): string {
  const list = folders.map((folder) => JSON.stringify(folder)).join(', ');
  return `#include <dirent.h>
#include <dlfcn.h>
#include <string>
#include <vector>

namespace {
const std::vector<std::string> folders = {${list}};

std::vector<std::string> libraries() {
  std::vector<std::string> found;
  for (const auto& folder : folders) {
    DIR* directory = opendir(folder.c_str());
    if (directory == nullptr) continue;
    while (dirent* entry = readdir(directory)) {
      std::string name = entry->d_name;
      if (name.find(".so") != std::string::npos) found.push_back(folder + "/" + name);
    }
    closedir(directory);
  }
  return found;
}

struct Preloader {
  Preloader() {
    std::vector<std::string> waiting = libraries();
    for (bool progress = true; progress && !waiting.empty();) {
      std::vector<std::string> failed;
      for (const auto& library : waiting)
        if (dlopen(library.c_str(), RTLD_LAZY | RTLD_GLOBAL) == nullptr) failed.push_back(library);
      progress = failed.size() < waiting.size();
      waiting = failed;
    }
  }
} preloader;
}  // namespace
`;
}
