"""Addresses of the chat page."""

from django.urls import path

from chat.web import file_views, message_views, sidebar, source_views, step_views, thread_views

urlpatterns = [
    path("", thread_views.home, name="home"),
    path("threads/", sidebar.thread_list, name="thread-list"),
    path("threads/start/", message_views.start, name="thread-start"),
    path("threads/<str:thread_id>/", thread_views.thread_page, name="thread"),
    path("threads/<str:thread_id>/earlier/", thread_views.earlier, name="thread-earlier"),
    path("threads/<str:thread_id>/news/", message_views.news, name="thread-news"),
    path("threads/<str:thread_id>/rename/", thread_views.rename, name="thread-rename"),
    path("threads/<str:thread_id>/archive/", thread_views.archive, name="thread-archive"),
    path("threads/<str:thread_id>/delete/", thread_views.delete, name="thread-delete"),
    path("threads/<str:thread_id>/assistant/", thread_views.choose_assistant, name="thread-assistant"),
    path("threads/<str:thread_id>/messages/", message_views.send, name="message-send"),
    path("threads/<str:thread_id>/messages/<str:message_id>/text/", message_views.text, name="message-text"),
    path("threads/<str:thread_id>/messages/<str:message_id>/reading/", message_views.reading, name="message-reading"),
    path(
        "threads/<str:thread_id>/messages/<str:message_id>/sources/<int:number>/", source_views.preview, name="source"
    ),
    path(
        "threads/<str:thread_id>/messages/<str:message_id>/sources/<int:number>/original/",
        source_views.original,
        name="source-original",
    ),
    path("threads/<str:thread_id>/steps/<str:step_id>/<int:place>/output/", step_views.output, name="cell-output"),
    path("threads/<str:thread_id>/take-back/", message_views.take_back, name="message-take-back"),
    path("threads/<str:thread_id>/stop/", message_views.stop, name="run-stop"),
    path("threads/<str:thread_id>/retry/", message_views.retry, name="run-retry"),
    path("files/", file_views.upload, name="file-upload"),
    path("files/<str:file_id>/", file_views.show, name="file"),
    path("files/<str:file_id>/discard/", file_views.discard, name="file-discard"),
]
