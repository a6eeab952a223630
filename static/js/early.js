// Before the first paint: that there is a script, and the colour scheme that was chosen last.
document.documentElement.dataset.script = "";
try {
  const scheme = localStorage.getItem("scheme");
  if (scheme === "light" || scheme === "dark") document.documentElement.dataset.scheme = scheme;
} catch {
  // Storage may be forbidden; then the system's choice holds.
}
