from django.urls import path
from django.views.generic import RedirectView

from kpis import views

app_name = "kpis"
urlpatterns = [
    path("", RedirectView.as_view(pattern_name="kpis:overdue"), name="home"),
    path("reports/overdue/", views.OverdueReport.as_view(), name="overdue"),
    path("targets/", views.TargetList.as_view(), name="targets"),
    path("targets/<slug:code>/", views.TargetPage.as_view(), name="target"),
    path("programmes/", views.ProgrammeList.as_view(), name="programmes"),
    path("programmes/<slug:code>/", views.ProgrammePage.as_view(), name="programme"),
    path("sources/<slug:code>/", views.SourcePage.as_view(), name="source"),
]
