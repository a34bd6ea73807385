(() => {
  const kept = (value) => { try { return value ? localStorage.setItem("qcity-language", value) : localStorage.getItem("qcity-language"); } catch { return null; } };
  const sift = (form) => {
    const asked = Object.fromEntries(new FormData(form));
    document.querySelectorAll("ul.rows").forEach((list) => {
      const rows = [...list.children];
      rows.forEach((row) => {
        const parts = (row.dataset.departments || "").split(/, |、/);
        row.hidden = (asked.section && row.dataset.section !== asked.section) || (asked.departments && !parts.includes(asked.departments));
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
    document.querySelectorAll("form.tools").forEach((form) => { form.hidden = false; form.addEventListener("change", () => sift(form)); });
  });
})();
