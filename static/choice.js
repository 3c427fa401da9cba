// A search field that Django's admin draws over a <select> takes the name of the select, which a screen reader then says with what is chosen.
(($) => {
  const name = (selects) => selects.each((_index, select) => {
    const field = $(select).next(".select2-container").find(".select2-selection");
    const shown = field.find(".select2-selection__rendered");
    shown.attr("aria-labelledby", select.id);
    field.attr("aria-labelledby", `${select.id} ${shown.attr("id")}`);
    $(select).on("select2:open", () => {
      $(".select2-container--open .select2-search__field").attr("aria-label", select.getAttribute("aria-label"));
    });
  });
  $(() => name($(".admin-autocomplete").not("[name*=__prefix__]")));
  document.addEventListener("formset:added", (event) => name($(event.target).find(".admin-autocomplete")));
})(django.jQuery);
