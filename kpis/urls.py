from django.urls import path

from kpis import views
from kpis.registry import REPORTS

app_name = "kpis"
urlpatterns = [
    path("", views.home, name="home"),
    path("dashboard/", views.Dashboard.as_view(), name="dashboard"),
    path("search/", views.SearchPage.as_view(), name="search"),
    path("work/", views.WorkPage.as_view(), name="work"),
    path("round/", views.RoundPage.as_view(), name="round"),
    path("changes/", views.Changes.as_view(), name="changes"),
    path("reports/", views.ReportIndex.as_view(), name="reports"),
    *(path(f"reports/{report.code}/", views.page_of_report(report), name=report.url_name) for report in REPORTS.values()),
    path("targets/", views.TargetList.as_view(), name="targets"),
    path("targets/<slug:code>/", views.TargetPage.as_view(), name="target"),
    path("programmes/", views.ProgrammeList.as_view(), name="programmes"),
    path("programmes/<slug:code>/", views.ProgrammePage.as_view(), name="programme"),
    path("organisations/<slug:code>/", views.OrganisationPage.as_view(), name="organisation"),
    path("sources/<slug:code>/", views.SourcePage.as_view(), name="source"),
]
