// stub
export function printReport(r) {
  for (const [m, f] of Object.entries(r.results)) {
    console.log(m);
    console.table(f);
  }
}
export function writeDocs() {}
