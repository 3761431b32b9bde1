// The pages work without this file. It adds jumping in the player and pausing of updates.
const video = document.querySelector("video");
const clock = s => [s / 60, s % 60].map(n => String(Math.floor(n)).padStart(2, "0")).join(":");

document.querySelectorAll("[data-t]").forEach(button => button.addEventListener("click", () => {
  video.currentTime = Number(button.dataset.t);
  video.focus();
}));

video?.addEventListener("timeupdate", () => {
  document.querySelectorAll("#at, [data-now]").forEach(place => { place.textContent = clock(video.currentTime); });
});

document.querySelector("[data-pause]")?.addEventListener("click", ({ target }) => {
  const paused = target.toggleAttribute("data-paused");
  target.textContent = paused ? "Go on updating" : "Pause updates";
});

// A class brings length and time of its last lesson, as long as nobody has typed others.
const choice = document.querySelector("#group");
choice?.addEventListener("change", () => {
  for (const name of ["minutes", "time"]) {
    const field = document.getElementById(name);
    const last = choice.selectedOptions[0].dataset[name];
    if (last && (!field.value || field.value === field.defaultValue)) field.value = field.defaultValue = last;
  }
});

// What was checked is what is scheduled: once something was changed, it is checked again.
const checked = document.querySelector("[data-checked]");
if (checked) document.querySelector("#ask")?.addEventListener("input", () => { checked.hidden = true; });

const again = document.querySelector("[data-refresh]");
if (again) setTimeout(() => location.reload(), again.dataset.refresh * 1000);

document.querySelectorAll("[data-print]").forEach(button => {
  button.hidden = false;
  button.addEventListener("click", () => print());
});
