(() => {
  const kept = (value) => { try { return value ? localStorage.setItem("qcity-language", value) : localStorage.getItem("qcity-language"); } catch { return null; } };
  const values = (row, key) => (key === "departments" ? row.dataset[key].split(/, |、/) : [row.dataset[key]]).filter(Boolean);
  const choices = (form) => [...form.elements].filter((one) => one.name !== "sort").forEach((select) => {
    const rows = [...document.querySelectorAll("ul.rows > li")].sort((a, b) => (a.dataset.order < b.dataset.order ? -1 : 1));
    const found = [...new Set(rows.flatMap((row) => values(row, select.name)))];
    (select.name === "departments" ? found.sort() : found).forEach((one) => select.add(new Option(one, one)));
    select.parentElement.hidden = !found.length;
  });
  const sift = (form) => {
    const asked = Object.fromEntries(new FormData(form));
    document.querySelectorAll("ul.rows").forEach((list) => {
      const rows = [...list.children];
      rows.forEach((row) => {
        row.hidden = Object.entries(asked).some(([key, value]) => key !== "sort" && value && !values(row, key).includes(value));
      });
      rows.sort((a, b) => (a.dataset[asked.sort] < b.dataset[asked.sort] ? -1 : 1)).forEach((row) => list.append(row));
    });
  };
  document.addEventListener("DOMContentLoaded", () => {
    document.querySelectorAll("input.switch").forEach((one) => {
      const speak = () => { document.documentElement.lang = one.id === "lang-zh" ? "zh-CN" : "en"; };
      if (one.id === "lang-" + kept()) { one.checked = true; speak(); }
      one.addEventListener("change", () => { kept(one.id.slice(5)); speak(); });
    });
    document.querySelectorAll("a[hreflang]").forEach((one) => one.addEventListener("click", () => kept(one.hreflang.slice(0, 2))));
    document.querySelectorAll("form.tools").forEach((form) => { form.hidden = false; choices(form); form.addEventListener("change", () => sift(form)); });
  });
})();
