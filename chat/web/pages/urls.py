"""Addresses of the chat page."""

from django.urls import path

from chat.web.pages import code_output, files, messages, sidebar, sources, threads

urlpatterns = [
    path("", threads.home, name="home"),
    path("threads/", sidebar.thread_list, name="thread-list"),
    path("threads/start/", messages.start, name="thread-start"),
    path("threads/<str:thread_id>/", threads.thread_page, name="thread"),
    path("threads/<str:thread_id>/earlier/", threads.earlier, name="thread-earlier"),
    path("threads/<str:thread_id>/news/", messages.news, name="thread-news"),
    path("threads/<str:thread_id>/rename/", threads.rename, name="thread-rename"),
    path("threads/<str:thread_id>/archive/", threads.archive, name="thread-archive"),
    path("threads/<str:thread_id>/delete/", threads.delete, name="thread-delete"),
    path("threads/<str:thread_id>/assistant/", threads.choose_assistant, name="thread-assistant"),
    path("threads/<str:thread_id>/messages/", messages.send, name="message-send"),
    path("threads/<str:thread_id>/messages/<str:message_id>/text/", messages.text, name="message-text"),
    path("threads/<str:thread_id>/messages/<str:message_id>/whole/", messages.whole, name="message-whole"),
    path("threads/<str:thread_id>/messages/<str:message_id>/reading/", messages.reading, name="message-reading"),
    path("threads/<str:thread_id>/messages/<str:message_id>/sources/<int:number>/", sources.preview, name="source"),
    path(
        "threads/<str:thread_id>/messages/<str:message_id>/sources/<int:number>/original/",
        sources.original,
        name="source-original",
    ),
    path("threads/<str:thread_id>/steps/<str:step_id>/<int:place>/output/", code_output.output, name="cell-output"),
    path("threads/<str:thread_id>/take-back/", messages.take_back, name="message-take-back"),
    path("threads/<str:thread_id>/stop/", messages.stop, name="run-stop"),
    path("threads/<str:thread_id>/retry/", messages.retry, name="run-retry"),
    path("files/", files.upload, name="file-upload"),
    path("files/chips/", files.chips, name="file-chips"),
    path("files/<str:file_id>/", files.download, name="file"),
    path("files/<str:file_id>/discard/", files.discard, name="file-discard"),
]
