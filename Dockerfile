# The course in a container. Build it in this folder, then open the address that it prints:
#
#   docker build -t medtutor .
#   docker run --rm --init -p 127.0.0.1:8888:8888 -v my-lessons:/home/learner/my-lessons medtutor
#
# Whoever has the token runs code in the container: publish the port on 127.0.0.1, as above.

FROM python:3.11-slim AS base
# Debian keeps only the newest release of each package.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends git make \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 1000 --shell /bin/bash learner

FROM base AS course
WORKDIR /opt/medtutor
COPY . .
# Compiled once and for all: the learner, who may not write here, would compile at every start.
RUN UV_NO_CACHE=1 PIP_NO_CACHE_DIR=1 make setup \
 && .venv/bin/python -m compileall -q .venv/lib medtutor notebooks federation \
 && ln -s /opt/medtutor/.venv/bin/medtutor /usr/local/bin/medtutor
USER 1000
WORKDIR /home/learner
# A volume that is new takes its owner from here.
RUN mkdir my-lessons
EXPOSE 8888
# Inside, it listens to the outside of the container; -p says who reaches that. The token stays.
CMD ["/opt/medtutor/.venv/bin/jupyter", "lab", "--no-browser", "--ip=0.0.0.0", "--port=8888", "--config=/opt/medtutor/tools/served.py"]
